import { AsyncLocalStorage } from 'node:async_hooks'
import { hostname } from 'node:os'
import { context, diag, DiagLogLevel, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Attributes, DiagLogger, Span } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import { within } from '../../shutdown.ts'
import { version } from '../../version.ts'
import type { TracingSettings } from './settings.ts'
import type { RequestTrace, SpanAttributes, Tracing } from './tracing.ts'

/** @limit spans that wait for the collector: further ones are not sent */
const maxQueued = 4_096
/** @limit text of a span's attribute, in characters: it is cut */
const maxTextChars = 1_024
/** @limit name of a trace, in characters: it is cut */
const maxNameChars = 100
/** Longest wait for the collector when the gateway ends, in milliseconds: the rest is not sent. */
const closingWaitMs = 2_000
/** At most so often the log says that the collector takes nothing, in milliseconds. */
const complaintEveryMs = 60_000

/** The official SDK, with the parts of it that are needed here: nothing is registered for the whole process but its log. */
export function openTracing(
  settings: TracingSettings,
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
): Tracing {
  diag.setLogger(complaints(logger, clock), {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'postern-gateway',
      'service.version': version,
      'host.name': hostname(),
      ...settings.resource,
    }),
    // Of the gateway's own choice: what a client says of sampling would let it fill the collector.
    sampler: new TraceIdRatioBasedSampler(settings.ratio),
    spanLimits: { attributeValueLengthLimit: maxTextChars },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: settings.url,
          headers: { ...settings.headers },
          timeoutMillis: settings.timeoutMs,
        }),
        maxQueueSize: maxQueued,
        maxExportBatchSize: Math.min(settings.maxBatch, maxQueued),
        scheduledDelayMillis: settings.delayMs,
        exportTimeoutMillis: settings.timeoutMs,
      }),
    ],
  })
  const tracer = provider.getTracer('postern', version)
  const served = new AsyncLocalStorage<RequestTrace>()

  function requestTrace(span: Span): RequestTrace {
    const inside = trace.setSpan(context.active(), span)
    let isEnded = false
    const it: RequestTrace = {
      set: (attributes) => void span.setAttributes(given(attributes)),
      async step(name, work) {
        const part = tracer.startSpan(name, { kind: SpanKind.INTERNAL }, inside)
        try {
          return await work
        } catch (error) {
          fail(part, error)
          throw error
        } finally {
          part.end()
        }
      },
      run: (work) => served.run(it, work),
      end(attributes, isFailure) {
        if (isEnded) return
        isEnded = true
        span.setAttributes(given(attributes))
        if (isFailure) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
    return it
  }

  return {
    begin(name, attributes) {
      // A path is a stranger's, and the SDK cuts attributes alone.
      const span = tracer.startSpan(name.slice(0, maxNameChars), {
        kind: SpanKind.SERVER,
        attributes: given(attributes),
        root: true,
      })
      return span.isRecording() ? requestTrace(span) : undefined
    },
    step(name, work) {
      const request = served.getStore()
      return request === undefined ? work() : request.step(name, work())
    },
    // What it could not send it has told.
    close: () =>
      within(
        closingWaitMs,
        provider.shutdown().catch(() => undefined),
      ),
  }
}

/** By its code alone: a message may have what somebody has sent. */
function fail(span: Span, error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'internal'
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

function given(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}

/** What the SDK has to say, and not for every batch. */
function complaints(logger: Logger, clock: Clock): DiagLogger {
  let lastMs = -Infinity
  const complain = (message: string): void => {
    if (clock.now() - lastMs < complaintEveryMs) return
    lastMs = clock.now()
    logger.warn('traces not sent', { error: firstLine(message) })
  }
  const nothing = (): void => undefined
  return { error: complain, warn: complain, info: nothing, debug: nothing, verbose: nothing }
}

/** @limit none: the first line of what the SDK says, in characters */
const maxComplaintChars = 300

/** It writes errors as JSON with a stack; what has happened stands in their `message`. */
function firstLine(message: string): string {
  const [, told] = /"message":"((?:[^"\\]|\\.)*)"/.exec(message) ?? []
  return (told ?? message).split('\n', 1).join('').slice(0, maxComplaintChars)
}
