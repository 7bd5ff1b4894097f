import { z } from 'zod'

// What all answers of the API have in common. Nothing but zod is imported in `wire/`: the browser's pages take
// their types from here.

/** What is wrong at one place of what was sent: `body.from`, `query.limit`. */
export const problem = z
  .strictObject({
    path: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    /** Where it stands in a text that was sent, such as `routes.yaml`, 1-based. */
    source: z.string().optional(),
    line: z.int().optional(),
    column: z.int().optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.output<typeof problem>

/** Every answer that is no success. */
export const fault = z
  .strictObject({
    /** A stable code in snake case. */
    error: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    request_id: z.string(),
    problems: z.array(problem).optional(),
    /** With `conflict`: what was changed meanwhile, as it is now. */
    current: z.unknown().optional(),
  })
  .meta({ id: 'Fault' })
export type Fault = z.output<typeof fault>

/** Some of a list, and how to ask for what comes next: null at its end. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    /** How many there are in all, where that is known. */
    total: z.int().min(0).optional(),
  })
}

/** A part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next_cursor: string | null
  readonly total?: number
}

/** What an id can be. */
export const id = z.string().min(1).max(256)

/** RFC 3339, in UTC. */
export const moment = z.iso.datetime()

/**
 * Most items that one answer has.
 *
 * @limit items of one answer of the API: 400 `malformed_request`; the next ones are asked for by `cursor`
 */
export const maxItems = 500

/** A whole number in a query string. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.int().min(least).max(most))
    .meta({ type: 'integer', minimum: least, maximum: most, pattern: undefined })
}

/** What every list takes: where it goes on, and how many items. */
export const listQuery = {
  cursor: z.string().min(1).max(1024).optional(),
  limit: wholeNumber(1, maxItems).optional(),
} as const

/** Items of one answer that nobody has asked for more or fewer of. */
export const defaultItems = 100
