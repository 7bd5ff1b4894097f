import type { TrialListQuery, WhatCanAnswer, WhoCanAnswer } from '../../control/trial-protocol.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import type { WhoCanOptions } from './policy-options.ts'
import { trialClient } from './trial-client.ts'

/** Of each page; the gateway answers no more at a time. */
const pageSize = 500

/** Prints who may use a route; resolves to the exit code. */
export async function whoCan(route: string, options: WhoCanOptions): Promise<number> {
  const client = await trialClient(options)
  const { items, last } = await allPages<WhoCanAnswer>(options, (query) =>
    client.whoCan(route, query),
  )
  if (options.json) {
    const { next_cursor: _, ...rest } = last
    printJson({ ...rest, items })
    return exitCodes.ok
  }
  if (items.length > 0) {
    printTable([
      ['WHO', 'KIND', 'MAY', 'WHY', 'KNOWN BY'],
      ...items.map(({ who, kind, outcome, reasons, known_by }) => [
        who,
        kind,
        outcome,
        reasons.join(', '),
        known_by,
      ]),
    ])
  }
  const may = items.filter(({ outcome }) => outcome === 'allow').length
  note(`route "${last.route.name}": ${may} of ${last.total} who are known may use it`)
  if (last.everybody) note('somebody who is not signed in may use it as well')
  sayAssumed(last.assumed)
  return exitCodes.ok
}

/** Prints the routes that somebody may use; resolves to the exit code. */
export async function whatCan(who: string, options: WhoCanOptions): Promise<number> {
  const client = await trialClient(options)
  const { items, last } = await allPages<WhatCanAnswer>(options, (query) =>
    client.whatCan(who, query),
  )
  if (options.json) {
    const { next_cursor: _, ...rest } = last
    printJson({ ...rest, items })
    return exitCodes.ok
  }
  if (items.length > 0) {
    printTable([
      ['ROUTE', 'FROM', 'MAY', 'WHY', 'ID'],
      ...items.map(({ route, outcome, reasons }) => [
        route.name,
        route.from,
        outcome,
        reasons.join(', '),
        route.id,
      ]),
    ])
  }
  const may = items.filter(({ outcome }) => outcome === 'allow').length
  note(`"${who}" may use ${may} of ${last.total} routes`)
  sayAssumed(last.assumed)
  return exitCodes.ok
}

/** What was taken for granted: the answer is no better than that. */
export function sayAssumed(assumed: readonly string[]): void {
  if (assumed.length > 0) note(`assumed of each: ${assumed.join('; ')}`)
}

interface Page {
  readonly items: readonly unknown[]
  readonly next_cursor: string | null
}

async function allPages<Answer extends Page>(
  { all, at, from }: WhoCanOptions,
  ask: (query: TrialListQuery) => Promise<Answer>,
): Promise<{ readonly items: readonly Answer['items'][number][]; readonly last: Answer }> {
  const query: TrialListQuery = {
    outcome: all === true ? 'all' : 'allow',
    at,
    ip: from,
    limit: pageSize,
  }
  let last = await ask(query)
  const items: Answer['items'][number][] = [...last.items]
  while (last.next_cursor !== null) {
    last = await ask({ ...query, cursor: last.next_cursor })
    items.push(...last.items)
  }
  return { items, last }
}
