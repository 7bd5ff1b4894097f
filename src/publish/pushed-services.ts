import { z } from 'zod'
import type { OfferedService } from '../tunnel/connector/protocol.ts'

const form = z.array(z.object({ hostname: z.string().optional(), service: z.string() }))

/** The services of a named tunnel that are pushed to stock connectors, as it keeps them. */
export function formatServices(services: readonly OfferedService[]): string {
  return JSON.stringify(services)
}

/** Undefined where it keeps none, or what is none. */
export function parseServices(text: string | undefined): readonly OfferedService[] | undefined {
  if (text === undefined) return undefined
  try {
    const read = form.safeParse(JSON.parse(text))
    return read.data?.map(({ hostname, service }) => ({ hostname, service }))
  } catch {
    return undefined
  }
}
