import type { Change, ChangeFeed } from '../../store/store.ts'
import type { ChangedKind } from '../wire/events.ts'

const kindOf: Readonly<Record<Change['kind'], (id: string) => ChangedKind>> = {
  session: () => 'sessions',
  'service-account': () => 'service-accounts',
  'named-tunnel': () => 'named-tunnels',
  'publish-credential': () => 'publishers',
  'signing-key': () => 'keys',
  'access-document': (id) => (id.startsWith('policy/') ? 'policies' : 'routes'),
  'access-request': () => 'requests',
  'blocked-person': () => 'blocks',
  'acme-record': () => 'certificates',
  'provider-logout': () => 'sessions',
  'scim-user': () => 'blocks',
  'scim-group': () => 'blocks',
  account: () => 'accounts',
}

export interface ChangedKindsParts {
  readonly feed: Pick<ChangeFeed, 'onChanges'>
  /** Another text whenever connectors came or went. */
  connectors(): string
  /** Another object after each change of the routes, the file's as well. */
  routes(): unknown
}

export interface ChangedKinds extends Disposable {
  /** What is another than at the question before. */
  take(): ReadonlySet<ChangedKind>
}

/** Follows which lists are others than before, until it is disposed of. */
export function followKinds(parts: ChangedKindsParts): ChangedKinds {
  let kinds = new Set<ChangedKind>()
  let connectors = parts.connectors()
  let routes = parts.routes()
  const following = parts.feed.onChanges((changes) => {
    // What is only kept with it, such as the tokens of its provider, nobody is shown.
    for (const { kind, id, change } of changes) if (change !== 'kept') kinds.add(kindOf[kind](id))
  })
  return {
    take() {
      const [connectorsNow, routesNow] = [parts.connectors(), parts.routes()]
      if (connectorsNow !== connectors) kinds.add('connectors')
      if (routesNow !== routes) kinds.add('routes').add('policies')
      connectors = connectorsNow
      routes = routesNow
      const taken = kinds
      kinds = new Set()
      return taken
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  }
}
