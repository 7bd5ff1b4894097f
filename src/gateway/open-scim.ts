import type { Clock } from '../clock.ts'
import type { PageApp } from '../pages/answers/page-app.ts'
import { createScimApi } from '../pages/scim/scim-api.ts'
import { createScimLog } from '../pages/scim/scim-log.ts'
import type { Provisioned } from '../scim/provisioned.ts'
import { createScimRegister } from '../scim/register.ts'
import type { ScimSettings } from '../scim/settings.ts'
import type { Store } from '../store/store.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { GatewayIdentity } from './open-identity.ts'

export interface ScimParts {
  readonly store: Pick<Store, 'scim'>
  readonly provisioned: Provisioned
  readonly identity: Pick<GatewayIdentity, 'identify' | 'listSessions' | 'revokeSession'>
  readonly audit: AuditLog
  readonly clock: Clock
  readonly origin: URL | undefined
  /** As it is configured now. */
  settings(): ScimSettings | undefined
}

/** Makes the API by which users and groups are provisioned. */
export function createScim({ provisioned, identity, audit, ...parts }: ScimParts): PageApp {
  return createScimApi({
    ...parts,
    provisioned,
    identify: (headers) => identity.identify(headers),
    register: createScimRegister({ ...parts, provisioned }),
    scimLog: createScimLog({ ...parts, audit, provisioned }),
    /** They are kept out already: an ended session does not come back with whoever is active again. */
    async endKeptOut() {
      const ids: string[] = []
      for await (const session of identity.listSessions())
        if (provisioned.isKeptOut(session) && (await identity.revokeSession(session.id)))
          ids.push(session.id)
      if (ids.length === 0) return
      const details = { 'session-ids': ids, reason: 'deactivated or deleted by SCIM' }
      audit.record({ kind: 'admin', event: 'sessions revoked', details })
    },
  })
}
