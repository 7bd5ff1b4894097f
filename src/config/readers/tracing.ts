import type { TracingSettings } from '../../telemetry/tracing/settings.ts'
import type { Source } from '../source/source.ts'

/** Where traces go; undefined: nowhere. */
export function readTracing({
  settings: { values, orDefault },
}: Source): TracingSettings | undefined {
  const endpoint = values.otel_exporter_otlp_endpoint
  const url =
    values.otel_exporter_otlp_traces_endpoint ??
    (endpoint === undefined ? undefined : `${endpoint.replace(/\/$/, '')}/v1/traces`)
  if (url === undefined || orDefault('otel_traces_exporter') === 'none') return undefined
  return {
    url,
    headers: pairs(orDefault('otel_exporter_otlp_headers')),
    timeoutMs: orDefault('otel_exporter_otlp_timeout'),
    ratio: orDefault('otel_traces_sampler_arg'),
    resource: pairs(orDefault('otel_resource_attributes')),
    delayMs: orDefault('otel_bsp_schedule_delay'),
    maxBatch: Math.max(1, orDefault('otel_bsp_max_export_batch_size')),
  }
}

function pairs(list: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  )
}
