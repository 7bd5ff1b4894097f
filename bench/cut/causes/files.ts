// What changes in the files of the gateway, and what they say of the time.
import { join } from 'node:path'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import { alice, carol } from '../../../test/e2e/rig.ts'
import { atMoment, windowMs, type Cause } from '../cause.ts'
import {
  allow,
  configure,
  replaceFile,
  restoreRoutes,
  whenRead,
  writeDirectory,
  type Setting,
} from '../setting.ts'

let windowEnds = 0
const listFile = ({ scope }: Setting): string => join(scope.directory, 'clients.crl')
/** A list on which everybody's certificate is from now on; set where certificates are made. */
let listOfAll = ''

export const byFiles: readonly Cause[] = [
  {
    name: 'policy changed in the file',
    ended: 'policy-changed',
    act: (setting) => allow(setting, { email: { is: carol } }),
    restore: restoreRoutes,
  },
  {
    name: 'route removed from the file',
    ended: 'route-removed',
    act: (setting) => configure(setting, () => []),
    restore: restoreRoutes,
  },
  {
    name: 'route leads elsewhere',
    ended: 'route-changed',
    act: (setting) => configure(setting, (crowd) => [{ ...crowd, to: 'tcp://127.0.0.1:9' }]),
    restore: restoreRoutes,
  },
  {
    name: 'put out of a group by the file',
    ended: 'policy-changed',
    async prepare(setting) {
      await writeDirectory(setting, [alice])
      await allow(setting, { groups: { has: 'robots' } })
    },
    act: (setting) => whenRead(setting, () => writeDirectory(setting, [carol])),
    restore: restoreRoutes,
  },
  {
    name: 'time window over',
    ended: 'policy-changed',
    async prepare(setting) {
      windowEnds = Date.now() + windowMs
      const before = new Date(windowEnds).toISOString()
      await configure(setting, (crowd) => [
        {
          ...crowd,
          policy: [{ allow: { and: [{ email: { is: alice } }, { date: { before } }] } }],
        },
      ])
    },
    act: () => Promise.resolve(atMoment(windowEnds)),
    restore: restoreRoutes,
  },
  {
    name: 'client certificate revoked',
    ended: 'policy-changed',
    async prepare(setting) {
      const authority = await createCertificateAuthority()
      const shown = await authority.issueClient({ name: 'laptop', dns: ['laptop.example.com'] })
      const ca_file = join(setting.scope.directory, 'clients.pem')
      listOfAll = await authority.revoke([shown.cert])
      await replaceFile(ca_file, authority.cert)
      await replaceFile(listFile(setting), await authority.revoke([]))
      const downstream_mtls = { ca_file, crl_file: listFile(setting), enforcement: 'policy' }
      const deny = { or: [{ invalid_client_certificate: true }] }
      const policy = [{ allow: { or: [{ email: { is: alice } }] }, deny }]
      await configure(setting, (crowd) => [{ ...crowd, policy }], { downstream_mtls })
      return shown
    },
    act: (setting) => whenRead(setting, () => replaceFile(listFile(setting), listOfAll)),
    restore: (setting) =>
      configure(setting, (crowd) => [crowd], { downstream_mtls: undefined }).then(() => undefined),
  },
]
