import { valueAt } from '../../schema.ts'
import { compareRoutes, type PlacedRoute } from '../../routes/compare-routes.ts'
import type { FileRoute } from '../../routes/in-file.ts'
import { openRoute, routeIdOf } from '../../routes/open-route.ts'
import { atOwnKey, parseApplication } from '../../routes/parse-application.ts'
import {
  parseRoute,
  type CheckedRoute,
  type NamedPolicies,
  type ParsedRoute,
} from '../../routes/parse-route.ts'
import type { RouteFault, RouteFindings } from '../../routes/route-findings.ts'
import type { NewRoute } from '../../routes/route.ts'
import type { Path, YamlText } from '../../yaml-text.ts'
import { globalKeyNames } from '../keys/keys.ts'
import { tellAt, type Findings } from '../source/findings.ts'
import type { Source } from '../source/source.ts'
import { namespaceNames } from './administrators.ts'
import { clientCertificateUse } from './downstream-mtls.ts'
import { policyContextOf } from './policy-context.ts'
import type { PolicyNeeds } from './sign-in.ts'

export interface ReadRoutes extends PolicyNeeds {
  /** Applications among them, behind the others. */
  readonly routes: readonly NewRoute[]
  readonly fileRoutes: readonly FileRoute[]
}

/** An entry of `routes` or `access`, and where it stands. */
interface Entry extends PlacedRoute, Pick<ParsedRoute, 'policy'> {
  readonly list: List
  /** Within the text of its list. */
  readonly path: Path
}

interface List {
  readonly noun: 'route' | 'application'
  readonly text: YamlText
  readonly path: Path
  readonly parse: typeof parseRoute
}

/** What routes are read beside. */
interface Known {
  /** Those that hold now: what has not changed stays the same object. */
  readonly routes: readonly NewRoute[] | undefined
  readonly policies: NamedPolicies
}

/** Reads every route and application, and what they mean beside each other. */
export async function readRoutes(source: Source, known: Known): Promise<ReadRoutes> {
  const { settings, findings } = source
  const before = new Map(known.routes?.map((route) => [route.id, route]))
  const lists: readonly List[] = [
    { noun: 'route', ...settings.routes, parse: parseRoute },
    { noun: 'application', text: settings.text, path: ['access'], parse: parseApplication },
  ]
  const entries: Entry[] = []
  const routes: NewRoute[] = []
  const fileRoutes: FileRoute[] = []
  for (const list of lists) {
    for (const [at, plain] of itemsOf(list).entries()) {
      const path = [...list.path, at]
      const { parsed, route } = await readEntry(plain, { list, path }, source, {
        before,
        policies: known.policies,
      })
      const { checked, values, policy } = parsed
      const index = entries.length
      if (values.from !== undefined)
        entries.push({ index, list, path, policy, from: values.from, id: values.id })
      if (checked !== undefined) fileRoutes.push(inFile(checked, { list, path }))
      if (route !== undefined && values.disabled !== true) routes.push(route)
    }
  }
  if (lists.every((list) => isEmpty(list))) warnOfNone(source)
  compareEntries(entries, findings)
  return {
    routes,
    fileRoutes,
    readsSubject: entries.some(({ policy }) => policy?.readsSubject),
    needsProvider: entries.some(({ policy }) => policy?.needsProvider),
  }
}

function inFile(checked: CheckedRoute, { list, path }: Pick<Entry, 'list' | 'path'>): FileRoute {
  const { source, line } = list.text.problem(path, '')
  return {
    id: routeIdOf(checked),
    place: `${source}:${line ?? '?'}`,
    definition: checked.definition,
    isDisabled: checked.values.disabled === true,
  }
}

function warnOfNone({ settings, findings }: Source): void {
  const { text, path } = settings.routes
  if ((settings.values.sites ?? []).length === 0)
    findings.warnings.push(text.problem(path, 'has no route: every tunnel is refused'))
  else {
    const message = 'what is published below a site reaches nobody: no application says who may'
    const hint = 'add "access" with a "hostname" below the site, and "policies"'
    findings.warnings.push(settings.problem('sites', message, { at: 'key', hint }))
  }
}

function itemsOf({ text, path }: List): readonly unknown[] {
  const list = valueAt(text.value, path)
  return Array.isArray(list) ? list : []
}

/** A list that is none has a fault of its own. */
function isEmpty({ text, path }: List): boolean {
  const list = valueAt(text.value, path)
  return Array.isArray(list) ? list.length === 0 : list === undefined
}

async function readEntry(
  plain: unknown,
  { list, path }: Pick<Entry, 'list' | 'path'>,
  source: Source,
  { before, policies }: { before: ReadonlyMap<string, NewRoute>; policies: NamedPolicies },
): Promise<{ readonly parsed: ParsedRoute; readonly route: NewRoute | undefined }> {
  const { settings, files, findings, nowMs } = source
  const clientCertificates = clientCertificateUse(settings)
  const sessionMs = settings.orDefault('cookie_expire')
  const namespaces = namespaceNames(settings)
  const context = policyContextOf(source)
  const rules = { ...context, clientCertificates, sessionMs, namedPolicies: policies, namespaces }
  const parsed = list.parse(plain, { ...rules, gatewayKeys: globalKeyNames })
  tellAt(list.text, path, parsed, findings)
  const opened = await openRoute(parsed, {
    readFile: (name) => files.read(name),
    nowMs,
    known: (id) => before.get(id),
  })
  tellAt(list.text, path, opened, findings)
  return { parsed, route: opened.route }
}

function compareEntries(entries: readonly Entry[], findings: Findings): void {
  const nameOf = (index: number): string => {
    const { list, path } = entries[index] ?? {}
    return `the ${list?.noun} on line ${(list && path && list.text.problem(path, '').line) ?? '?'}`
  }
  const { faults, warnings } = compareRoutes(entries, nameOf)
  const none = { faults: [], warnings: [] }
  for (const fault of faults)
    tellOf(fault, entries, (own) => ({ ...none, faults: [own] }), findings)
  for (const warning of warnings)
    tellOf(warning, entries, (own) => ({ ...none, warnings: [own] }), findings)
}

/** What is said of one entry beside the others, at its place. */
function tellOf(
  fault: RouteFault,
  entries: readonly Entry[],
  found: (own: RouteFault) => RouteFindings,
  findings: Findings,
): void {
  const [index, ...within] = fault.path
  const entry = entries[Number(index)]
  if (entry === undefined) return
  const own = { ...fault, path: within }
  const { list, path } = entry
  tellAt(list.text, path, found(list.noun === 'route' ? own : atOwnKey(own)), findings)
}
