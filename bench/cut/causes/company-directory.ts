// What the company's directory writes by SCIM.
import { alice } from '../../../test/e2e/rig.ts'
import { now, type Cause } from '../cause.ts'
import { allow, companyAccount, restoreRoutes, type Setting } from '../setting.ts'

/** Writes by SCIM; resolves to the id of what was written. */
async function scim(
  { askAs }: Setting,
  method: string,
  path: string,
  body?: object,
): Promise<string> {
  const question = { method, path: `/scim/v2${path}`, ...(body && { body }) }
  const { id } = await askAs(companyAccount, question)
  return typeof id === 'string' ? id : ''
}

const replacing = (path: string, value: unknown): object => ({
  Operations: [{ op: 'replace', path, value }],
})
let user = ''
let group = ''
const makeUser = async (setting: Setting): Promise<void> =>
  void (user = await scim(setting, 'POST', '/Users', { userName: alice }))

export const byCompanyDirectory: readonly Cause[] = [
  {
    name: 'put out of a group by SCIM',
    ended: 'policy-changed',
    async prepare(setting) {
      await makeUser(setting)
      const oncall = { displayName: 'oncall', members: [{ value: user }] }
      group = await scim(setting, 'POST', '/Groups', oncall)
      await allow(setting, { groups: { has: 'oncall' } })
    },
    act: (setting) =>
      now(() => scim(setting, 'PATCH', `/Groups/${group}`, replacing('members', []))),
    async restore(setting) {
      await scim(setting, 'DELETE', `/Users/${user}`)
      await restoreRoutes(setting)
    },
  },
  {
    name: 'deactivated by SCIM',
    ended: 'person-blocked',
    prepare: makeUser,
    act: (setting) =>
      now(() => scim(setting, 'PATCH', `/Users/${user}`, replacing('active', false))),
    async restore(setting) {
      await scim(setting, 'PATCH', `/Users/${user}`, replacing('active', true))
    },
  },
]
