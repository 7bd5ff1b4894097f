import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { within } from '../shutdown.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { openStateDirectory } from '../store/state-directory.ts'
import type { Store } from '../store/store.ts'
import { createSigningKeys, type SigningKeys } from '../identity/signing-keys.ts'
import { openAuditFiles } from '../telemetry/audit/audit-files.ts'
import { createCheckpoints, type Checkpoints } from '../telemetry/audit/checkpoints.ts'
import { startForwarding, type Forwarding } from '../telemetry/forward/forwarding.ts'
import { createAuditLog, type AuditLog } from '../telemetry/audit-log.ts'
import type { NoteSigner } from '../telemetry/audit/note-signer.ts'
import { auditBounds } from '../telemetry/audit/retention.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openAuditSearch } from './audit-search.ts'
import type { AuditSearchParts } from '../control/audit.ts'
import { createAuditSigner } from './audit-signer.ts'
import { followRecordedChanges } from './recorded-changes.ts'
import { secretsOf, tokenSecretsOf, type Secrets } from './secrets.ts'

export interface GatewayStateOptions {
  /** Closes what is opened here, last first. */
  readonly opened: AsyncDisposableStack
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
}

/** What outlives a gateway in its state directory. */
export interface GatewayState {
  readonly audit: AuditLog
  /** What proves the audit log, from outside of it as well. */
  readonly auditProof: Pick<Checkpoints, 'sign'> & Pick<NoteSigner, 'verifierKeys'>
  readonly auditSearch: AuditSearchParts
  readonly forwarding: Forwarding
  readonly store: Store
  readonly signingKeys: SigningKeys
  readonly secrets: Secrets
  readonly controlSocketPath: string
  /** The directory of the audit log. */
  readonly auditPath: string
}

/** Longest wait for the disk when the gateway ends, in milliseconds: its audit entries are kept first. */
const auditWaitMs = 1_000
/** Longest wait for the database when the gateway ends, in milliseconds: else more is told at the next start than need be. */
const recordedWaitMs = 1_000
/** Longest wait for destinations of the audit log when the gateway ends, in milliseconds: the rest is sent later. */
const forwardWaitMs = 2_000

/**
 * Takes the state directory for this process, and opens what is in it: the audit's files, the database, and
 * the keys that the configuration does not give.
 *
 * @throws SystemError when one of them cannot be used
 */
export async function openGatewayState(
  config: GatewayConfig,
  { opened, log, clock, metrics }: GatewayStateOptions,
): Promise<GatewayState> {
  const state = opened.adopt(await openStateDirectory(config.stateDirectory), (it) => it.release())
  // Its key is in the store, which is opened when entries are kept already.
  const signing: { by?: NoteSigner } = {}
  const signer = (): NoteSigner | undefined => signing.by
  const keeper = opened.adopt(openAuditFiles(state.auditPath, clock, auditBounds, signer), (it) =>
    within(auditWaitMs, it.close()),
  )
  const logger = log.service('audit')
  const checkpoints = opened.adopt(
    createCheckpoints({ directory: state.auditPath, files: keeper, signer, clock, logger }),
    (it) => within(auditWaitMs, it.close()),
  )
  keeper.onKept(({ lines }) => checkpoints.wrote(lines.length))
  const audit = createAuditLog({
    logger,
    keeper,
    clock,
    onLost: (entries) => metrics.auditEntriesLost(entries),
  })
  const forwarding = opened.adopt(
    startForwarding({
      directory: state.auditPath,
      positions: state.forwardPath,
      settings: config.auditForward ?? [],
      clock,
      logger,
      metrics: metrics.forwarding,
    }),
    (it) => it.close(forwardWaitMs),
  )
  keeper.onKept(() => forwarding.wake())
  // First when it ends: what is kept then is forwarded as well.
  opened.defer(() => within(auditWaitMs, audit.flushed()))
  const secrets = await secretsOf(config, state)
  const store = opened.adopt(
    await openSqliteStore(state.storePath, tokenSecretsOf(config, secrets)),
    (it) => it.close(),
  )
  opened.adopt(await followRecordedChanges({ feed: store.feed, audit, clock, logger }), (it) =>
    within(recordedWaitMs, it.close()),
  )
  const signingKeys = createSigningKeys(store, clock)
  const auditSigner = createAuditSigner(signingKeys, config.authenticateServiceUrl?.host)
  signing.by = auditSigner
  checkpoints.begin()
  const auditProof = { sign: checkpoints.sign, verifierKeys: auditSigner.verifierKeys }
  const auditSearch = opened.adopt(
    openAuditSearch({ directory: state.auditPath, files: keeper, store, clock, logger }),
    (it) => it.close(),
  )
  const { controlSocketPath, auditPath } = state
  return {
    audit,
    auditProof,
    auditSearch,
    forwarding,
    store,
    signingKeys,
    secrets,
    controlSocketPath,
    auditPath,
  }
}
