import { valueAt } from '../schema.ts'
import type { Path, YamlText } from '../yaml-text.ts'
import { compareRoutes, type PlacedRoute } from '../routes/compare-routes.ts'
import { openRoute } from '../routes/open-route.ts'
import { parseRoute, type ParsedRoute, type RouteRules } from '../routes/parse-route.ts'
import type { NewRoute } from '../routes/route.ts'
import { globalKeyNames } from './keys/keys.ts'
import type { Files } from './source/files.ts'
import { tellAt, type Findings } from './source/findings.ts'

export interface ReadRoutes {
  readonly routes: readonly NewRoute[]
  /** Whether any policy asks who somebody is, those of routes with faults elsewhere included. */
  readonly readsSubject: boolean
  /** Whether any asks what only an identity provider can say. */
  readonly needsProvider: boolean
}

/** What routes are read with besides their text. */
export interface RouteSurroundings extends Pick<RouteRules, 'clientCertificates'> {
  readonly files: Files
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs: number
  /** Those that hold now: what has not changed stays the same object. */
  readonly known: readonly NewRoute[]
}

/** Reads every route of a list, and what they mean beside each other. */
export async function readRoutes(
  text: YamlText,
  path: Path,
  findings: Findings,
  { clientCertificates, files, nowMs, known }: RouteSurroundings,
): Promise<ReadRoutes> {
  const list = valueAt(text.value, path)
  const before = new Map(known.map((route) => [route.id, route]))
  const options = {
    readFile: (path: string) => files.read(path),
    nowMs,
    known: (id: string) => before.get(id),
  }
  const placed: (PlacedRoute & Pick<ParsedRoute, 'policy'>)[] = []
  const routes: NewRoute[] = []
  for (const [index, plain] of Array.isArray(list) ? list.entries() : []) {
    const parsed = parseRoute(plain, { clientCertificates, gatewayKeys: globalKeyNames })
    tellAt(text, [...path, index], parsed, findings)
    const opened = await openRoute(parsed, options)
    tellAt(text, [...path, index], opened, findings)
    const { values, policy } = parsed
    if (values.from !== undefined) placed.push({ index, policy, from: values.from, id: values.id })
    if (opened.route !== undefined) routes.push(opened.route)
  }
  if (Array.isArray(list) ? list.length === 0 : list === undefined) {
    findings.warnings.push(text.problem(path, 'has no route: every tunnel is refused'))
  }
  const lineOf = (index: number): number | string => text.problem([...path, index], '').line ?? '?'
  tellAt(
    text,
    path,
    compareRoutes(placed, (index) => `the route on line ${lineOf(index)}`),
    findings,
  )
  return {
    routes,
    readsSubject: placed.some(({ policy }) => policy?.readsSubject),
    needsProvider: placed.some(({ policy }) => policy?.needsProvider),
  }
}
