import { z } from 'zod'
import { defaultItems, type Page } from '../wire/common.ts'
import { InputError } from './faults.ts'

/** Where a list goes on, and how much of it is wanted. */
export interface Wanted {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}

/** What a list is ordered by; of two items that are not the same it differs. */
export type OrderKey = readonly (string | number)[]

/** Hides what it is made of: nobody is to make one up. */
export function encodeCursor(key: OrderKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** @throws InputError for one that was not made for this list */
export function decodeCursor<T>(cursor: string, schema: z.ZodType<T>): T {
  try {
    const read = schema.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    if (read.success) return read.data
  } catch {
    // As below.
  }
  const message = 'is none that this list has answered'
  throw new InputError('query', [{ path: ['cursor'], message, hint: undefined, at: 'value' }])
}

const orderKey = z.array(z.union([z.string(), z.number()])).max(4)

/**
 * A part of a list that is in memory, ordered by `keyOf`: what comes after the cursor, also where the item that it
 * was made of is gone.
 *
 * @throws InputError for a cursor of another list
 */
export async function pageInMemory<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { cursor, limit = defaultItems }: Wanted,
  keyOf: (item: Item) => OrderKey,
): Promise<Page<Item>> {
  const after = cursor === undefined ? undefined : decodeCursor(cursor, orderKey)
  const keyed: { readonly key: OrderKey; readonly item: Item }[] = []
  for await (const item of items) keyed.push({ key: keyOf(item), item })
  keyed.sort((one, other) => compareKeys(one.key, other.key))
  const left = after && keyed.findIndex(({ key }) => compareKeys(key, after) > 0)
  const from = left === undefined ? 0 : left < 0 ? keyed.length : left
  const shown = keyed.slice(from, from + limit)
  const last = shown.at(-1)
  const isEnd = last === undefined || from + limit >= keyed.length
  return {
    items: shown.map(({ item }) => item),
    next_cursor: isEnd ? null : encodeCursor(last.key),
    total: keyed.length,
  }
}

function compareKeys(one: OrderKey, other: OrderKey): number {
  for (const [index, left] of one.entries()) {
    const right = other[index]
    if (right === undefined || left === right) continue
    if (typeof left === 'number' && typeof right === 'number') return left - right
    return String(left) < String(right) ? -1 : 1
  }
  return 0
}

/** Whether any of these has a text in it, whatever the case. */
export function hasText(text: string | undefined, ...within: readonly (string | null)[]): boolean {
  const wanted = text?.trim().toLowerCase() ?? ''
  return wanted === '' || within.some((it) => it?.toLowerCase().includes(wanted) === true)
}
