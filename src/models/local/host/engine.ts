/*
 * What of node-llama-cpp the model host uses. The package is no dependency: it is the operator's,
 * so its shapes are written out here. Made for 3.x, tried with ENGINE_VERSION.
 */

export interface Engine {
  getLlama(options: {
    /** Machine code for a graphics card needs devices that no box shows. */
    readonly gpu: false;
    readonly build: "never";
    readonly skipDownload: true;
    readonly progressLogs: false;
    readonly logLevel: "error";
    readonly maxThreads: number;
  }): Promise<Llama>;
  readonly LlamaChat: new (options: { readonly contextSequence: Sequence }) => Chat;
}

interface Llama {
  readonly cpuMathCores: number;
  maxThreads: number;
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
}

export interface LlamaModel {
  /** Tokens of the window it was made for. */
  readonly trainContextSize: number;
  readonly tokenizer: unknown;
  createContext(options: {
    readonly contextSize: number;
    readonly threads: number;
  }): Promise<LlamaContext>;
  createEmbeddingContext(options: {
    readonly contextSize: number;
    readonly threads: number;
  }): Promise<EmbeddingContext>;
}

export interface EmbeddingContext {
  /** Tokens of a text, with those the model wants around it. */
  calculateInputLength(text: string): number;
  getEmbeddingFor(text: string): Promise<{ readonly vector: readonly number[] }>;
}

export interface LlamaContext {
  getSequence(): Sequence;
  dispose(): Promise<void>;
}

export interface Sequence {
  readonly tokenMeter: {
    getState(): object;
    diff(before: object): { readonly usedOutputTokens: number };
  };
}

export interface Chat {
  readonly chatWrapper: {
    /** The prompt, as the model's own template makes it. */
    generateContextState(given: {
      readonly chatHistory: unknown;
      readonly availableFunctions?: unknown;
      readonly documentFunctionParams?: true;
    }): { readonly contextText: { tokenize(tokenizer: unknown): readonly number[] } };
  };
  generateResponse(history: unknown, options: ChatOptions): Promise<ChatAnswer>;
}

export interface ChatOptions {
  readonly functions?: Readonly<Record<string, { description: string; params?: unknown }>>;
  readonly documentFunctionParams?: true;
  readonly maxParallelFunctionCalls?: number;
  readonly onResponseChunk: (chunk: {
    readonly type?: "segment";
    readonly segmentType?: string;
    readonly text: string;
  }) => void;
  readonly onFunctionCall?: (call: {
    readonly functionName: string;
    readonly params: unknown;
  }) => void;
  readonly signal: AbortSignal;
  readonly stopOnAbortSignal: true;
  readonly maxTokens: number;
  readonly temperature: number;
}

export interface ChatAnswer {
  readonly metadata: { readonly stopReason: string };
}
