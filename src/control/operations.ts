import { auditOperations, type AuditOperations, type AuditParts } from './audit.ts'
import { accountOperations, type AccountOperations, type AccountParts } from './accounts.ts'
import { blockOperations, type BlockOperations, type BlockParts } from './blocks.ts'
import { rules, type Authority, type OperationName, type Rule } from './authority.ts'
import {
  policyOperations,
  routeOperations,
  type AccessDocumentParts,
  type PolicyOperations,
  type RouteOperations,
} from './access-documents.ts'
import { accessTextOperations, type AccessTextOperations } from './access-text.ts'
import type { Actor } from './change.ts'
import { connectorOperations, type ConnectorOperations, type ConnectorParts } from './connectors.ts'
import {
  namedTunnelOperations,
  type NamedTunnelOperations,
  type NamedTunnelParts,
} from './named-tunnels.ts'
import { pictureOperations, type PictureOperations, type PictureParts } from './pictures.ts'
import { requestOperations, type RequestOperations, type RequestParts } from './requests.ts'
import type { Reload } from './protocol.ts'
import { serviceAccountOperations } from './service-accounts.ts'
import type { ServiceAccountOperations, ServiceAccountParts } from './service-accounts.ts'
import { publisherOperations, type PublisherOperations, type PublisherParts } from './publishers.ts'
import { sessionOperations, type SessionOperations, type SessionParts } from './sessions.ts'
import {
  signingKeyOperations,
  type SigningKeyOperations,
  type SigningKeyParts,
} from './signing-keys.ts'
import { sshCaOperations, type SshCaOperations, type SshCaParts } from './ssh-ca.ts'
import { tokenKeyOperations, type TokenKeyOperations, type TokenKeyParts } from './token-keys.ts'
import { foresee, foreseenTable } from './foresee.ts'
import { reachOperations, type ReachOperations, type ReachParts } from './reach.ts'
import { trialOperations, type TrialOperations, type TrialParts } from './trials.ts'
import { beforeAnswer } from '../telemetry/before-answer.ts'
import { tunnelOperations, type TunnelOperations, type TunnelParts } from './tunnels.ts'

/** Operations on the configuration. */
export interface ConfigurationOperations {
  /**
   * Reads the files of the configuration again, as a change of one of them does by itself, and resolves once
   * what they say holds. Whoever asks while another reload waits shares it, and its audit record. Throws
   * `ConfigError` with every problem: the old configuration stays then.
   */
  reload(by: Actor): Promise<Reload>
}

/** What operations reach inside the running gateway. */
export interface OperationParts
  extends
    SessionParts,
    BlockParts,
    RequestParts,
    AccountParts,
    ServiceAccountParts,
    PublisherParts,
    TokenKeyParts,
    SigningKeyParts,
    SshCaParts,
    TunnelParts,
    ConnectorParts,
    NamedTunnelParts,
    TrialParts,
    AuditParts,
    PictureParts,
    ReachParts,
    AccessDocumentParts,
    ConfigurationOperations {
  readonly authority: Authority
  readonly decide: RequestParts['decide'] & ReachParts['decide']
  readonly liveTunnels: SessionParts['liveTunnels'] & TunnelParts['liveTunnels']
  readonly links: SigningKeyParts['links'] & ConnectorParts['links']
  readonly operatorTunnels: NamedTunnelParts['operatorTunnels']
  readonly identity: SessionParts['identity'] &
    ServiceAccountParts['identity'] &
    AccountParts['identity']
  readonly blockedPeople: BlockParts['blockedPeople'] & TrialParts['blockedPeople']
}

/**
 * What an administrator may do to a running gateway. Whichever way somebody comes (the control socket, a
 * page, a test), it is these functions that do it. Each is told first who asks, so that one place can say who
 * may; it takes and answers plain data (`protocol.ts`), checks what it is given by itself, and throws an
 * `AppError` with a stable code. What changes something leaves one audit record.
 */
export interface Operations
  extends
    SessionOperations,
    BlockOperations,
    RequestOperations,
    AccountOperations,
    ServiceAccountOperations,
    PublisherOperations,
    TokenKeyOperations,
    SigningKeyOperations,
    SshCaOperations,
    TunnelOperations,
    ConnectorOperations,
    NamedTunnelOperations,
    TrialOperations,
    AuditOperations,
    PictureOperations,
    ReachOperations,
    RouteOperations,
    PolicyOperations,
    AccessTextOperations,
    ConfigurationOperations {}

/** None is without a row, and no row without one. */
rules satisfies Readonly<Record<keyof Operations, Rule>>

/** Makes the operations of one gateway. Each throws at once where whoever asks may not (`authority.ts`). */
export function createOperations(parts: OperationParts): Operations {
  return guarded(
    {
      ...sessionOperations(parts),
      ...blockOperations(parts),
      ...requestOperations(parts),
      ...accountOperations(parts),
      ...serviceAccountOperations(parts),
      ...publisherOperations(parts),
      ...tokenKeyOperations(parts),
      ...signingKeyOperations(parts),
      ...sshCaOperations(parts),
      ...tunnelOperations(parts),
      ...connectorOperations(parts),
      ...namedTunnelOperations(parts),
      ...trialOperations(parts, (by, changes) => foreseenTable(foresee(parts, by, changes))),
      ...auditOperations(parts),
      ...pictureOperations(parts),
      ...reachOperations(parts),
      ...routeOperations(parts),
      ...policyOperations(parts),
      ...accessTextOperations(parts),
      reload: (by) => parts.reload(by),
    },
    parts,
  )
}

type AnyOperation = (by: Actor, ...given: unknown[]) => unknown

/** The same, each asked for only by who may; one that may change something answers once its record is kept. */
function guarded(
  operations: Operations,
  { authority, audit }: Pick<OperationParts, 'authority' | 'audit'>,
): Operations {
  const entries = Object.entries(operations) as readonly [OperationName, AnyOperation][]
  return Object.fromEntries(
    entries.map(([name, operation]) => {
      const asked: AnyOperation = (by, ...given) => {
        authority.require(by, name)
        const result = operation(by, ...given)
        return isLook(name) ? result : recordedFirst(result, audit)
      }
      return [name, asked]
    }),
  ) as unknown as Operations
}

function isLook(name: OperationName): boolean {
  return rules[name].role === 'auditor'
}

async function recordedFirst(result: unknown, audit: OperationParts['audit']): Promise<unknown> {
  const answer = await result
  await beforeAnswer(audit)
  return answer
}
