// What becomes of the named tunnel and the connector that tunnels go through.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type Child } from '../../../test/e2e/child.ts'
import { allRegistered } from '../../../test/e2e/publisher.ts'
import { posternCommand } from '../../../test/e2e/rig.ts'
import { now, type Cause } from '../cause.ts'
import { administrator, configure, restoreRoutes, site, type Setting } from '../setting.ts'

const name = 'lab'
let connector: Child | undefined

const ask = ({ askAs }: Setting, method: string, path: string, body?: object) =>
  askAs(administrator, { method, path: `/api/v1/named-tunnels${path}`, ...(body && { body }) })

/** Has the crowd's route lead through a connector of a named tunnel, which is made. */
async function behindConnector(setting: Setting): Promise<void> {
  const { scope, rig, upstreamPort } = setting
  const { token } = await ask(setting, 'POST', '', { name, site })
  const tokenFile = join(scope.directory, `${name}.token`)
  await writeFile(tokenFile, String(token), { mode: 0o600 })
  const service = ['--token-file', tokenFile, '--url', `tcp://127.0.0.1:${upstreamPort}`]
  const command = posternCommand('tunnel', 'run', ...service)
  const env = { HOME: scope.directory, NODE_EXTRA_CA_CERTS: rig.caFile }
  connector = startChild(scope, ...command, { env, cwd: scope.directory })
  await allRegistered(connector)
  await configure(setting, (crowd) => [{ ...crowd, to: `connector://${name}` }])
}

async function goDirect(setting: Setting): Promise<void> {
  await restoreRoutes(setting)
  connector?.signal('SIGTERM')
  await connector?.ended
}

const deleteTunnel = (setting: Setting): Promise<unknown> =>
  ask(setting, 'DELETE', `/${name}?force=true`)

export const byConnectors: readonly Cause[] = [
  {
    name: "connector's token rotated",
    ended: 'connector-revoked',
    prepare: behindConnector,
    act: (setting) => now(() => ask(setting, 'POST', `/${name}/rotate`)),
    async restore(setting) {
      await goDirect(setting)
      await deleteTunnel(setting)
    },
  },
  {
    name: 'named tunnel deleted',
    ended: 'named-tunnel-deleted',
    prepare: behindConnector,
    act: (setting) => now(() => deleteTunnel(setting)),
    restore: goDirect,
  },
  {
    name: 'connector killed',
    ended: 'upstream-reset',
    prepare: behindConnector,
    act: () => now(() => Promise.resolve(connector?.signal('SIGKILL'))),
    async restore(setting) {
      await restoreRoutes(setting)
      await deleteTunnel(setting)
    },
  },
]
