import { z } from 'zod'
import type { SigningKey, SigningKeys, SigningPurpose } from '../identity/signing-keys.ts'
import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { NamedTunnels } from '../publish/named-tunnels.ts'
import type { Authority } from './authority.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import {
  parseInput,
  type SigningKeyList,
  type SigningKeyRotation,
  type SigningKeysForgotten,
  type UntrustingConnector,
} from './protocol.ts'

/** What the operations on the keys that the gateway signs with reach inside it. */
export interface SigningKeyParts extends ChangeParts {
  readonly authority: Pick<Authority, 'require'>
  readonly signingKeys: Pick<SigningKeys, 'all' | 'rotate' | 'forgetRetired'>
  readonly links: Pick<Links, 'list'>
  readonly namedTunnels: Pick<NamedTunnels, 'find'>
}

/**
 * Operations on the keys that the gateway signs with. A rotation takes nothing from anybody, as long as the keys
 * before it are not forgotten. Each throws `PeerError` `malformed-request` for a purpose that has none of it.
 */
export interface SigningKeyOperations {
  listSigningKeys(by: Actor, purpose: string): Promise<SigningKeyList>
  /** Makes another key; resolves once connectors have taken it over, or have not in time. */
  rotateSigningKey(by: Actor, purpose: string): Promise<SigningKeyRotation>
  /** Forgets the keys before the current one; what relies on them is worth nothing from then on. */
  forgetSigningKeys(by: Actor, purpose: string): Promise<SigningKeysForgotten>
}

const purposeInput = z.enum([
  'connector-grant',
  'ssh-ca',
  'application-token',
  'connector-ca',
  'audit',
])

export function signingKeyOperations(parts: SigningKeyParts): SigningKeyOperations {
  const { signingKeys, links } = parts

  const withGrants = (): readonly Link[] =>
    links.list().filter(({ grantKeys }) => grantKeys !== undefined)

  function connectorsOf(of: readonly Link[]): readonly UntrustingConnector[] {
    const tunnels = new Map(of.map(({ connectorId, tunnelId }) => [connectorId, tunnelId]))
    return [...tunnels].map(([id, tunnelId]) => ({
      id,
      tunnel: parts.namedTunnels.find(tunnelId)?.name ?? tunnelId,
    }))
  }

  /** Each waits for its connector, and not for ever. */
  async function tellConnectors(of: readonly Link[]): Promise<void> {
    await Promise.allSettled(of.map(async (link) => link.takeGrantKey?.()))
  }

  return {
    async listSigningKeys(_by, input) {
      const purpose = parseInput(purposeInput, input)
      const keys = await signingKeys.all(purpose)
      return { keys: keys.map((key) => summarize(key, purpose, withGrants())) }
    },
    async rotateSigningKey(by, input) {
      const purpose = parseInput(purposeInput, input)
      const { kid } = await signingKeys.rotate(purpose, () =>
        parts.authority.require(by, 'rotateSigningKey'),
      )
      recordChange(parts, by, 'signing key rotated', { purpose, 'key-id': kid })
      if (purpose !== 'connector-grant') return { key: kid, connectors: 0, untrusting: [] }
      const concerned = withGrants()
      await tellConnectors(concerned)
      const isTrusting = ({ grantKeys }: Link): boolean => grantKeys?.includes(kid) === true
      const untrusting = connectorsOf(concerned.filter((link) => !isTrusting(link)))
      const connectors = connectorsOf(concerned).length - untrusting.length
      return { key: kid, connectors, untrusting }
    },
    async forgetSigningKeys(by, input) {
      const purpose = parseInput(purposeInput, input)
      const concerned = purpose === 'connector-grant' ? withGrants() : []
      // Those that are just learning are not to be cut for it.
      await tellConnectors(concerned)
      // They may have taken seconds.
      parts.authority.require(by, 'forgetSigningKeys')
      const forgotten = await signingKeys.forgetRetired(purpose)
      const key = (await signingKeys.all(purpose))[0]?.kid ?? ''
      const details = { purpose, 'key-id': key, 'forgotten-key-ids': forgotten }
      recordChange(parts, by, 'former signing keys forgotten', details)
      await tellConnectors(concerned)
      return {
        key,
        forgotten,
        cut: connectorsOf(concerned.filter(({ endedBy }) => endedBy === 'keys-forgotten')),
      }
    },
  }
}

function summarize(key: SigningKey, purpose: SigningPurpose, links: readonly Link[]) {
  const { kid, createdAtMs, retiredAtMs } = key
  const trusting = links.filter(({ grantKeys }) => grantKeys?.includes(kid) === true)
  return {
    id: kid,
    created_at: new Date(createdAtMs).toISOString(),
    current: retiredAtMs === undefined,
    connectors:
      purpose === 'connector-grant'
        ? new Set(trusting.map(({ connectorId }) => connectorId)).size
        : null,
  }
}
