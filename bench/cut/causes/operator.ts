// What whoever runs the gateway does.
import { alice } from '../../../test/e2e/rig.ts'
import { now, windowMs, atMoment, type Cause } from '../cause.ts'
import { serviceAccount, type Setting } from '../setting.ts'

const makeAccount =
  (lifeMs?: number) =>
  async ({ control }: Setting): Promise<string> => {
    const expires_at = lifeMs === undefined ? null : new Date(Date.now() + lifeMs).toISOString()
    const wanted = { id: serviceAccount, description: '', format: 'jwt', expires_at } as const
    return (await control.createServiceAccount(wanted)).credential
  }
const removeAccount = async ({ control }: Setting): Promise<void> =>
  void (await control.revokeServiceAccount(serviceAccount))

export const byOperator: readonly Cause[] = [
  {
    name: 'session revoked',
    ended: 'session-revoked',
    act: ({ control }) => now(() => control.revokeUser(alice)),
  },
  {
    name: 'person blocked',
    ended: 'person-blocked',
    act: ({ control }) => now(() => control.blockPerson(alice, 'bench')),
    restore: async ({ control }) => void (await control.unblockPerson(alice)),
  },
  {
    name: 'cut by an operator',
    ended: 'cut-by-operator',
    act: ({ control }) => now(() => control.cutTunnels({ user: alice })),
  },
  {
    name: 'service account revoked',
    ended: 'session-revoked',
    whose: makeAccount(),
    act: ({ control }) => now(() => control.revokeServiceAccount(serviceAccount)),
  },
  {
    name: 'service account rotated',
    ended: 'session-revoked',
    whose: makeAccount(),
    act: ({ control }) =>
      now(() => control.rotateServiceAccount(serviceAccount, { keep_old_ms: 0 })),
    restore: removeAccount,
  },
  {
    name: 'service account expired',
    ended: 'session-expired',
    whose: makeAccount(windowMs),
    async act({ control }) {
      const { service_accounts: all } = await control.listServiceAccounts()
      const own = all.find(({ id }) => id === serviceAccount)
      return atMoment(Date.parse(own?.expires_at ?? ''))
    },
    restore: removeAccount,
  },
]
