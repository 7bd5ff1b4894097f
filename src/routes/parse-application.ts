import { sortForeignKeys } from '../foreign-keys.ts'
import { checkSessionDuration } from '../policy/cloudflare/session-duration.ts'
import { checkValue, mustBe } from '../schema.ts'
import { formatAuthority } from '../address.ts'
import { applicationPort } from './application-port.ts'
import { applicationKeyNames, applicationKeys, foreignApplicationKeys } from './application-keys.ts'
import { parseRoute, type ParsedRoute, type RouteRules } from './parse-route.ts'
import { createRouteNotes, type RouteFault, type RouteNotes } from './route-findings.ts'
import { routeKeyNames } from './route-keys.ts'

/**
 * Parses an entry of `access`: an application is the route that clients ask for by its host name and port
 * 443, and whose host answers any WebSocket upgrade. What is wrong is told at the entry's own keys.
 */
export function parseApplication(plain: unknown, rules: RouteRules): ParsedRoute {
  const notes = createRouteNotes()
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    notes.fault([], mustBe('an application with "hostname"', plain))
    return { ...none, faults: notes.faults, warnings: notes.warnings }
  }
  sortKeys(plain, rules, notes)
  const hostname = read(plain, 'hostname', notes)
  const service = Object.hasOwn(plain, 'service') ? read(plain, 'service', notes) : 'connector://'
  checkDuration(plain, rules, notes)
  const isWhole = notes.faults.length === 0
  const parsed = parseRoute(routeOf(plain, hostname, service), rules)
  notes.add({
    faults: parsed.faults.filter(isOwn).map(atOwnKey),
    warnings: parsed.warnings.map(atOwnKey),
  })
  const { faults, warnings } = notes
  const { from, ...others } = parsed.values
  const values = hostname === undefined || from === undefined ? others : { ...others, from }
  return { ...parsed, values, checked: isWhole ? parsed.checked : undefined, faults, warnings }
}

const none = { checked: undefined, values: {}, scheme: undefined, policy: undefined }

function sortKeys(plain: object, { gatewayKeys = [] }: RouteRules, notes: RouteNotes): void {
  const elsewhere = {
    keys: [...routeKeyNames, ...gatewayKeys],
    hint: 'an application has "hostname", "service" and "policies" instead',
  }
  const foreign = foreignApplicationKeys
  notes.add(sortForeignKeys(plain, { known: applicationKeyNames, foreign, elsewhere }))
}

function checkDuration(plain: object, { sessionMs }: RouteRules, notes: RouteNotes): void {
  if (!Object.hasOwn(plain, 'session_duration')) return
  const fault = checkSessionDuration(Reflect.get(plain, 'session_duration'), sessionMs)
  if (fault !== undefined) notes.fault(['session_duration'], fault.message, { hint: fault.hint })
}

function read(plain: object, key: 'hostname' | 'service', notes: RouteNotes): string | undefined {
  const schema = applicationKeys[key]?.schema
  const checked = schema && checkValue<unknown>(Reflect.get(plain, key), schema)
  if (checked?.ok === true) return String(checked.value)
  for (const { message, hint, at } of checked?.faults ?? [])
    notes.fault([key], message, { hint, at })
  return undefined
}

/** Keys that a route does not have. */
const ownKeys: readonly string[] = ['hostname', 'service', 'session_duration']

/** Takes the place of what is at fault, so that everything else is looked at. */
const placeholder = { hostname: 'hostname.invalid', service: 'connector://' }

function routeOf(
  plain: object,
  hostname: string | undefined,
  service: string | undefined,
): Readonly<Record<string, unknown>> {
  const host = hostname ?? placeholder.hostname
  const shared = Object.entries(plain).filter(
    ([key]) => !ownKeys.includes(key) && applicationKeyNames.includes(key),
  )
  return {
    name: host,
    ...Object.fromEntries(shared),
    from: `tcp+https://${formatAuthority({ host, port: applicationPort })}`,
    to: service ?? placeholder.service,
    application: true,
  }
}

/** Where a fault of the route is one of the entry. */
export function atOwnKey(fault: RouteFault): RouteFault {
  const [key, ...within] = fault.path
  if (key === 'from') return { ...fault, path: ['hostname'] }
  if (key === 'to') return { ...fault, path: ['service'] }
  return { ...fault, path: key === undefined ? [] : [key, ...within] }
}

/** Not of what was put in its place. */
function isOwn({ path: [key] }: RouteFault): boolean {
  return key !== 'application'
}
