// What the identity provider says, or no longer does.
import type { CountedPath } from '../../../src/dev-idp/dev-idp.ts'
import { alice } from '../../../test/e2e/rig.ts'
import { atMoment, now, windowMs, type Cause } from '../cause.ts'
import { allow, restoreRoutes, type Setting } from '../setting.ts'

/** Asked soon, and only about Alice: the session beside is a service account's. */
const refreshing = { session_refresh_interval: '20s' }
/** Between two looks whether the provider was asked, in milliseconds. */
const lookEveryMs = 2

/** When the provider is asked next, as it is to answer otherwise than before. */
function whenAsked({ rig }: Setting, path: CountedPath): Promise<number> {
  const before = rig.idp.requestCount(path)
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (rig.idp.requestCount(path) === before) return
      clearInterval(timer)
      resolve(performance.now())
    }, lookEveryMs)
  })
}

export const byProvider: readonly Cause[] = [
  {
    name: "provider's logout",
    ended: 'provider-logout',
    act: ({ rig }) => now(() => rig.idp.signOut(alice)),
  },
  {
    name: 'put out of a group by the provider',
    ended: 'policy-changed',
    settings: refreshing,
    async prepare(setting) {
      await allow(setting, { groups: { has: 'dba' } })
    },
    act(setting) {
      setting.rig.idp.people.change(alice, { groups: [] })
      return whenAsked(setting, '/me')
    },
    async restore(setting) {
      setting.rig.idp.people.change(alice, { groups: ['dba'] })
      await restoreRoutes(setting)
    },
  },
  {
    name: 'refresh refused',
    ended: 'session-revoked',
    settings: refreshing,
    act(setting) {
      setting.rig.idp.revoke(alice)
      return whenAsked(setting, '/token')
    },
  },
  {
    name: 'session expired',
    ended: 'session-expired',
    settings: { cookie_expire: `${windowMs / 1000}s` },
    async act({ control }) {
      const { sessions } = await control.listSessions()
      return atMoment(Math.max(...sessions.map(({ expires_at: at }) => Date.parse(at))))
    },
  },
]
