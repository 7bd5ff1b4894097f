import { valueAt } from '../../schema.ts'
import { compareRoutes, type PlacedRoute } from '../../routes/compare-routes.ts'
import { openRoute } from '../../routes/open-route.ts'
import { parseRoute, type ParsedRoute } from '../../routes/parse-route.ts'
import type { NewRoute } from '../../routes/route.ts'
import { globalKeyNames } from '../keys/keys.ts'
import { tellAt } from '../source/findings.ts'
import type { Source } from '../source/source.ts'
import { clientCertificateUse } from './downstream-mtls.ts'
import type { PolicyNeeds } from './sign-in.ts'

export interface ReadRoutes extends PolicyNeeds {
  readonly routes: readonly NewRoute[]
}

/**
 * Reads every route of a list, and what they mean beside each other. `known` are those that hold now: what
 * has not changed stays the same object.
 */
export async function readRoutes(
  { settings, files, findings, nowMs }: Source,
  known: readonly NewRoute[] = [],
): Promise<ReadRoutes> {
  const { text, path } = settings.routes
  const list = valueAt(text.value, path)
  const clientCertificates = clientCertificateUse(settings)
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
