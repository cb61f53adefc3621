export async function attack(name: string, args: readonly string[]): Promise<void> {
  console.log(name, args);
}
