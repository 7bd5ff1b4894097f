import { z } from 'zod'

/** `GET /api/v1/openapi.json`: what the API takes and answers, by OpenAPI 3.1. */
export const apiDocument = z
  .looseObject({
    openapi: z.string(),
    info: z.looseObject({ title: z.string(), version: z.string() }),
    paths: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ApiDocument' })
export type ApiDocument = z.output<typeof apiDocument>
