import { z } from 'zod'

/** What JSON can say. */
export type PlainData =
  | null
  | boolean
  | number
  | string
  | PlainData[]
  | { [key: string]: PlainData }

/** Any JSON. Unlike that of the library it has a name, by which the document of the API speaks of it within itself. */
export const plainData: z.ZodType<PlainData> = z
  .lazy(() =>
    z.union([
      z.null(),
      z.boolean(),
      z.number(),
      z.string(),
      z.array(plainData),
      z.record(z.string(), plainData),
    ]),
  )
  .meta({ id: 'PlainData' })
