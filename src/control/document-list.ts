import type { Held, HeldRoute } from '../catalog/holding.ts'
import { tagsOf } from '../catalog/shown-definition.ts'
import type { DocumentPage, listInput } from './document-protocol.ts'
import type { z } from 'zod'

type Wanted = z.output<typeof listInput>

/** One page of what fits, in the order of the list. */
export function pageOfHeld<Kind extends Held>(
  all: readonly Kind[],
  wanted: Wanted,
  isInUse: (held: Kind) => boolean,
): DocumentPage<Kind> {
  const fitting = all.filter((held) => fits(held, wanted, isInUse))
  const from = wanted.cursor === undefined ? 0 : placeAfter(fitting, wanted.cursor)
  const items = fitting.slice(from, from + wanted.limit)
  const last = items.at(-1)
  const isMore = last !== undefined && from + items.length < fitting.length
  return { items, next_cursor: isMore ? cursorOf(last) : null, total: fitting.length }
}

function fits<Kind extends Held>(
  held: Kind,
  { q, source, tag, policy, state }: Wanted,
  isInUse: (held: Kind) => boolean,
): boolean {
  if (source !== undefined && held.source.kind !== source) return false
  if (tag !== undefined && !tagsOf(held).includes(tag)) return false
  if (policy !== undefined && !namesOf(held).includes(policy)) return false
  if (state === 'in-use' && !isInUse(held)) return false
  if (state === 'disabled' && !held.isDisabled) return false
  if (state === 'problem' && held.faults.length === 0) return false
  return q === undefined || textsOf(held).some((text) => text.includes(q.toLowerCase()))
}

function namesOf(held: Held | HeldRoute): readonly string[] {
  return 'policyNames' in held ? held.policyNames : []
}

/** What somebody may look for: not the policies, whose words are those of the language. */
function textsOf(held: Held): readonly string[] {
  const { id, definition } = held
  const shown = ['name', 'description', 'from', 'to', 'explanation', 'remediation']
  const values = shown.flatMap((key) => definition[key] ?? [])
  const texts = values.filter((value) => typeof value === 'string')
  return [id, ...texts, ...tagsOf(held)].map((text) => text.toLowerCase())
}

/** Of what is gone by then the place it would have among stored ones, which are in the order of their ids. */
function placeAfter(held: readonly Held[], cursor: string): number {
  const [kind = '', ...rest] = cursor.split(':')
  const id = rest.join(':')
  const at = held.findIndex((it) => it.source.kind === kind && it.id === id)
  if (at !== -1) return at + 1
  const next = held.findIndex(
    ({ source, id: other }) => source.kind === 'store' && (kind === 'file' || other > id),
  )
  return next === -1 ? held.length : next
}

function cursorOf({ source, id }: Held): string {
  return `${source.kind}:${id}`
}
