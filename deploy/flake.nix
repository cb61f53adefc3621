{
  # `nix develop ./deploy`: what building needs. `npm ci && npm run build` then makes the binary, from
  # the versions package-lock.json names; two builds of one commit give the same bytes.
  description = "NanoOS: agents on your own machine, under your eye";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";

  outputs = { nixpkgs, ... }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      devShells = each (pkgs: {
        default = pkgs.mkShell {
          packages = [ pkgs.nodejs_24 pkgs.git ]
            ++ pkgs.lib.optionals pkgs.stdenv.isLinux [ pkgs.bubblewrap pkgs.podman ];
        };
      });
    };
}
