// What is told of a request while it is served, besides its line in the log. Everything here does nothing where no traces
// are configured, and knows nothing of who takes them.

/** What is said of a span. Names are OpenTelemetry's where it has one, and begin with `postern.` elsewhere. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>

/** The trace of one request, from its head to its end. */
export interface RequestTrace {
  set(attributes: SpanAttributes): void
  /** A part of it that takes time; answers what `work` does. */
  step<T>(name: string, work: Promise<T>): Promise<T>
  /** What `work` asks for belongs to this request, by `Tracing.step`. */
  run<T>(work: () => T): T
  /** Only the first call counts. */
  end(attributes: SpanAttributes, isFailure: boolean): void
}

export interface Tracing {
  /** Begins the trace of a request; undefined for one that is not told of. */
  begin(name: string, attributes: SpanAttributes): RequestTrace | undefined
  /** As `RequestTrace.step`, of the request that this is done for; nothing where it is done for none. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Sends what is still to be sent. */
  close(): Promise<void>
}

/** Nobody is told. */
export const noTracing: Tracing = {
  begin: () => undefined,
  step: (_name, work) => work(),
  close: () => Promise.resolve(),
}
