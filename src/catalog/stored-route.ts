import type { PolicyContext } from '../policy/place.ts'
import type { ClientCertificateUse } from '../policy/language/shorthand.ts'
import { applicationPort } from '../routes/application-port.ts'
import { pemKeys } from '../routes/check-next-gateway.ts'
import type { OpenedRoute } from '../routes/open-route.ts'
import { openRouteAlone } from '../routes/open-route.ts'
import {
  noPolicyNamed,
  parseRoute,
  type NamedPolicies,
  type ParsedRoute,
} from '../routes/parse-route.ts'
import { createRouteNotes, type RouteNotes } from '../routes/route-findings.ts'
import type { NewRoute } from '../routes/route.ts'
import { show } from '../schema.ts'
import type { AccessDocument } from './document.ts'

/** What stored documents are read with. */
export interface StoredRules extends PolicyContext {
  readonly clientCertificates: ClientCertificateUse
  readonly sessionMs: number
  readonly namespaces: readonly string[]
  readonly hasProvider: boolean
  /** Where people sign in. */
  readonly ownHost: string | undefined
}

export interface StoredRouteRules extends StoredRules {
  readonly namedPolicies: NamedPolicies
  /** For telling whether certificates have expired; milliseconds since the epoch. */
  readonly nowMs: number
  /** What was opened before: where nothing has changed it is answered again. */
  readonly known?: NewRoute | undefined
}

/** A stored route by itself: nothing is said of others beside it. */
export interface ReadRoute extends OpenedRoute, Pick<ParsedRoute, 'values' | 'policy'> {}

/**
 * Reads a stored route by the rules of the file, and some of its own: it names no file and holds no private key.
 * Who may write a route need not be somebody who may read the disk of the gateway, or show its certificates to
 * an upstream of their own; and what is stored is shown, exported and kept in a history.
 */
export function readStoredRoute(
  { id, body }: Pick<AccessDocument, 'id' | 'body'>,
  rules: StoredRouteRules,
): ReadRoute {
  const notes = createRouteNotes()
  refuseSecrets(body, notes)
  refuseOtherId(id, body, notes)
  const parsed = parseRoute({ ...body, id }, rules)
  checkProvider(parsed, rules, notes)
  checkOwnHost(parsed, rules, notes)
  checkNamespaces(parsed, rules, notes)
  notes.add(parsed)
  const { values, policy } = parsed
  const opened = openRouteAlone(
    { ...parsed, checked: notes.faults.length === 0 ? parsed.checked : undefined },
    { nowMs: rules.nowMs, known: () => rules.known },
  )
  notes.add(opened)
  const route = opened.route && storedForm(opened.route)
  return { faults: notes.faults, warnings: notes.warnings, route, values, policy }
}

/** One object for each form, so that the table sees that nothing has changed. */
function storedForm(route: NewRoute): NewRoute {
  return route.isStored === true ? route : { ...route, isStored: true, way: storedWay(route) }
}

/** Who administers a namespace says where it leads, and a name may lead anywhere by the time it is dialled. */
function storedWay({ way, namespace }: NewRoute): NewRoute['way'] {
  return way.kind === 'connector' || namespace === undefined ? way : { ...way, leavesMachine: true }
}

const pemFileKeys = pemKeys.map((key) => `${key}_file`)

function refuseSecrets(body: AccessDocument['body'], notes: RouteNotes): void {
  const hint = 'keep this route in the configuration file, which may name files'
  if (Object.hasOwn(body, 'tls_client_key'))
    notes.fault(['tls_client_key'], 'is a secret, and is not kept in the store', {
      hint,
      at: 'key',
    })
  for (const key of pemFileKeys.filter((name) => Object.hasOwn(body, name)))
    notes.fault([key], 'names a file of the gateway, which a stored route may not', {
      hint: key === 'tls_custom_ca_file' ? 'give the authorities in "tls_custom_ca"' : hint,
      at: 'key',
    })
  for (const key of ['tags', 'disabled'].filter((name) => Object.hasOwn(body, name)))
    notes.fault([key], 'is kept beside the definition of a stored route', { at: 'key' })
}

function refuseOtherId(id: string, body: AccessDocument['body'], notes: RouteNotes): void {
  const written = body['id']
  if (written === undefined || written === id) return
  const hint = 'make another route, and delete this one'
  notes.fault(['id'], `is ${show(id)}, and stays so`, { hint })
}

function checkProvider(
  { policy }: ParsedRoute,
  { hasProvider }: StoredRules,
  notes: RouteNotes,
): void {
  if (hasProvider || policy?.needsProvider !== true) return
  const message = 'asks who somebody is, and this gateway has no identity provider'
  notes.fault(['policy'], message, {
    hint: 'set "idp_provider_url" and what belongs to it, or "local_accounts: true"',
  })
}

/** Who administers a namespace says whom its policies let in, and not whom they let in elsewhere. */
function checkNamespaces(
  { values }: ParsedRoute,
  { namedPolicies }: StoredRouteRules,
  notes: RouteNotes,
): void {
  for (const [index, name] of (values.policy_names ?? []).entries()) {
    const namespace = namedPolicies.get(name)?.namespace
    if (namespace === undefined || namespace === values.namespace) continue
    const message = `the policy "${name}" is in namespace "${namespace}", and this route is not`
    notes.fault(['policy_names', index], message, {
      other: { namespace, message: noPolicyNamed(name) },
    })
  }
}

function checkOwnHost({ values }: ParsedRoute, { ownHost }: StoredRules, notes: RouteNotes): void {
  if (values.application !== true || ownHost === undefined) return
  if (
    values.from?.targets.some(({ host, port }) => host === ownHost && port === applicationPort) !==
    true
  )
    return
  notes.fault(
    ['from'],
    `"${ownHost}" is the host of "authenticate_service_url", where people sign in`,
  )
}
