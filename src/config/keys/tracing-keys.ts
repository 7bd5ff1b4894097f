import { z } from 'zod'
import { secretTextOf, show, textOf } from '../../schema.ts'
import type { Fault } from '../../schema.ts'
import { key, textKey, type Key } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'

const collector = textOf('the http or https URL of a collector', (value) => {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.hash === '' ? url.href : undefined
})

const pair = textOf('NAME=VALUE', (value) => (/^[^=\s]+=/.test(value) ? value : undefined))
const secretPair = secretTextOf('NAME=VALUE', (value) =>
  /^[!#$%&'*+.^_`|~\w-]+=[^\r\n]*$/.test(value) ? value : undefined,
)

/** From 0 to 1. */
const ratio: z.ZodType<number> = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  textOf('a number from 0 to 1, such as 0.1', (value) => {
    const number = /^\d*\.?\d+$/.test(value.trim()) ? Number(value) : Number.NaN
    return number >= 0 && number <= 1 ? number : undefined
  }),
)

const protocol = textOf('"http/protobuf"', (value): string | Fault => {
  if (value === 'http/protobuf') return value
  return {
    fault: `${show(value)} is not spoken: write "http/protobuf", to port 4318 of most collectors`,
  }
})

/** The keys about traces; names are OpenTelemetry's, which Pomerium takes as well. */
export const tracingKeys = {
  otel_exporter_otlp_endpoint: textKey(collector, 'URL', {
    without: 'no traces are sent',
    doc: 'Collector that traces of sign-ins and tunnels are sent to (OTLP over HTTP), such as `http://127.0.0.1:4318`; `/v1/traces` is added. See [traces](traces.md).',
  }),
  otel_exporter_otlp_traces_endpoint: textKey(collector, 'URL', {
    without: '`otel_exporter_otlp_endpoint` with `/v1/traces`',
    doc: 'The whole address for traces.',
  }),
  otel_exporter_otlp_headers: key({
    schema: z.array(secretPair),
    type: 'list of `NAME=VALUE`',
    default: [],
    variable: 'list',
    doc: 'Headers that are sent along, such as a key of the collector.',
  }),
  otel_exporter_otlp_protocol: textKey(protocol, 'text', {
    default: 'http/protobuf',
    doc: 'How the collector is spoken to.',
  }),
  otel_exporter_otlp_timeout: textKey(values.longDuration, 'duration', {
    default: '10s',
    doc: 'Time for one request to the collector.',
    beyond: 'the spans of that request are lost',
  }),
  otel_traces_exporter: textKey(z.enum(['otlp', 'none']), 'one of the names', {
    default: 'otlp',
    doc: '`none` sends no traces, whatever else is set.',
  }),
  otel_traces_sampler_arg: key({
    schema: ratio,
    type: 'number from 0 to 1',
    default: 1,
    variable: 'text',
    doc: 'Which part of all sign-ins and tunnels is told of.',
  }),
  otel_resource_attributes: key({
    schema: z.array(pair),
    type: 'list of `NAME=VALUE`',
    default: [],
    variable: 'list',
    doc: 'What is said of this gateway besides its name, release and host, such as `deployment.environment.name=production`.',
  }),
  otel_bsp_schedule_delay: textKey(values.longDuration, 'duration', {
    default: '5s',
    doc: 'How long spans wait for others before they are sent.',
  }),
  otel_bsp_max_export_batch_size: textKey(values.count, 'whole number', {
    default: '512',
    doc: 'Most spans that are sent at once.',
  }),
} as const satisfies Record<string, Key<unknown>>
