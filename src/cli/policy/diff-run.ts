import { localActor } from '../../control/change.ts'
import type { TryAnswer } from '../../control/trial-protocol.ts'
import type { Route } from '../../routes/route.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson, printText } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import { readPolicyTests } from './fixtures.ts'
import { namedPeople, type ComparedCaller } from './named-people.ts'
import { offlineTrials, type OfflineTrials } from './offline-trials.ts'
import type { DiffOptions } from './policy-options.ts'

interface RouteChange {
  readonly id: string
  readonly name: string
  readonly change: 'added' | 'changed' | 'removed'
}

interface DecisionChange {
  readonly route: RouteChange
  readonly who: string
  /** `no-route` where there is none. */
  readonly before: string
  readonly after: string
  readonly reasons: readonly string[]
}

/** Prints what another configuration decides otherwise; resolves to the exit code. */
export async function diffPolicies(
  before: string,
  after: string,
  { tests = [], json = false }: DiffOptions,
): Promise<number> {
  const [was, is] = [await offlineTrials(before), await offlineTrials(after)]
  const routes = changedRoutes(was, is)
  const people = await comparedCallers(was, is, tests)
  const decisions: DecisionChange[] = []
  // A change of the directory or of a named policy changes routes that read the same.
  for (const route of routesOfBoth(was, is)) {
    const change = routes.find(({ id }) => id === route.id)
    for (const person of people) {
      const changed = await compare(change ?? { ...route, change: 'changed' }, person, [was, is])
      if (changed !== undefined) decisions.push(changed)
    }
  }
  if (json) printJson({ routes, decisions: decisions.map(toJson) })
  else show(routes, decisions)
  note(
    `${routes.length} routes differ; ${decisions.length} decisions for ${people.length} callers differ`,
  )
  return exitCodes.ok
}

function changedRoutes(was: OfflineTrials, is: OfflineTrials): readonly RouteChange[] {
  const before = new Map(was.table.routes.map((route) => [route.id, route]))
  const after = new Map(is.table.routes.map((route) => [route.id, route]))
  const removed = [...before.values()].filter(({ id }) => !after.has(id))
  return [
    ...[...after.values()].flatMap((route): readonly RouteChange[] => {
      const old = before.get(route.id)
      if (old?.fingerprint === route.fingerprint) return []
      return [named(route, old === undefined ? 'added' : 'changed')]
    }),
    ...removed.map((route) => named(route, 'removed')),
  ]
}

function named({ id, name }: Route, change: RouteChange['change']): RouteChange {
  return { id, name, change }
}

function routesOfBoth(was: OfflineTrials, is: OfflineTrials): readonly Route[] {
  const byId = new Map([...was.table.routes, ...is.table.routes].map((route) => [route.id, route]))
  return [...byId.values()]
}

async function comparedCallers(
  was: OfflineTrials,
  is: OfflineTrials,
  files: readonly string[],
): Promise<readonly ComparedCaller[]> {
  const people = namedPeople(
    [...was.access.routes, ...is.access.routes],
    [was.access.directory, is.access.directory],
  )
  const tests = await readPolicyTests(files, is.table)
  return [
    ...people,
    ...tests.map(({ name, request }) => ({ name: `test "${name}"`, trial: request })),
  ]
}

async function compare(
  route: RouteChange,
  { name, trial }: ComparedCaller,
  [was, is]: readonly [OfflineTrials, OfflineTrials],
): Promise<DecisionChange | undefined> {
  const judge = async ({ table, trials }: OfflineTrials): Promise<TryAnswer | undefined> =>
    table.routes.some(({ id }) => id === route.id)
      ? trials.tryAccess(localActor, { ...trial, route: route.id })
      : undefined
  const [before, after] = [await judge(was), await judge(is)]
  if (before?.outcome === after?.outcome) return undefined
  return {
    route,
    who: name,
    before: before?.outcome ?? 'no-route',
    after: after?.outcome ?? 'no-route',
    reasons: after?.reasons ?? [],
  }
}

function show(routes: readonly RouteChange[], decisions: readonly DecisionChange[]): void {
  if (routes.length > 0) {
    printTable([
      ['ROUTE', 'CHANGE', 'ID'],
      ...routes.map(({ name, change, id }) => [name, change, id]),
    ])
  }
  if (decisions.length === 0) return
  if (routes.length > 0) printText('\n')
  printTable([
    ['ROUTE', 'WHO', 'BEFORE', 'AFTER', 'WHY'],
    ...decisions.map(({ route, who, before, after, reasons }) => [
      route.name,
      who,
      before,
      after,
      reasons.join(', '),
    ]),
  ])
}

function toJson({ route, ...rest }: DecisionChange): object {
  return { route_id: route.id, route: route.name, ...rest }
}
