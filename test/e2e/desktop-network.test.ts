import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { createDaemonClient } from '../../src/desktop/api/ask-daemon.ts'
import type { ConnectionState, ConnectionView } from '../../src/desktop/wire/view.ts'
import { inTime, mustRun, type Child } from './child.ts'
import { row } from './desktop/open-window.ts'
import { ensurePagesBuilt } from './pages-built.ts'
import { startChromiumOn, type Chromium } from './peers/chromium.ts'
import { addresses, layLine, type Machine } from './peers/namespaces.ts'
import { peerTest } from './peers.ts'
import { exchange } from './person.ts'
import { posternCommand, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'

// A laptop and a gateway, each a machine of its own: the line between them goes and comes back.

const needed = ['network namespaces'] as const
const gatewayHost = 'gw.site.com'
const gatewayPort = 8443
const servicePort = 7777
/** Ten times the promise. */
const patienceMs = 50_000

describe('a connection whose machine loses its network', () => {
  peerTest('says so, and works again with what it had once it is back', needed, async (scope) => {
    const { near, open, until } = await startDesktop(scope)
    const kept = await open()
    await exchange(kept, 'before')
    assert.equal((await until('connected')).tunnels, 1)

    await near.shell('ip link set line down')
    const away = await until('gateway-unreachable')
    assert.equal(away.is_up, true)
    assert.equal(away.trouble?.code, 'gateway-unreachable')

    await near.shell('ip link set line up')
    await until('connected')
    assert.equal(await exchange(await open(), 'after'), 'after')
    // What TCP has not given up is not cut by us.
    assert.equal(await exchange(kept, 'still here'), 'still here')
  })

  peerTest('is seen in the window as it is, by itself', ['Chromium', ...needed], async (scope) => {
    ensurePagesBuilt()
    const { near, open, window } = await startDesktop(scope)
    const { page, faults } = await window()
    const echo = row(page, 'echo')
    const kept = await open()
    assert.equal(await exchange(kept, 'before'), 'before')
    await echo.getByText('Connected', { exact: true }).waitFor()

    await near.shell('ip link set line down')
    await echo.getByText('Gateway unreachable', { exact: true }).waitFor()
    // So does the browser, to which the page still comes from this machine.
    await page.evaluate(untilOffline)

    await near.shell('ip link set line up')
    await echo.getByText('Connected', { exact: true }).waitFor()
    const next = await open()
    assert.equal(await exchange(next, 'after'), 'after')
    await echo.getByText(`${'beforeafter'.length} B`).first().waitFor()
    kept.destroy()
    next.destroy()
    await echo.getByText('Listening', { exact: true }).waitFor()
    // Each time it was noticed here, and not by the next of the regular questions to the gateway.
    await page.getByRole('link', { name: 'echo', exact: true }).click()
    await page.getByText('The network of this machine is another one').nth(1).waitFor()
    assert.deepEqual(faults, [])
  })

  peerTest(
    'works again at another address, though its gateway never heard of it',
    needed,
    async (scope) => {
      const { near, daemon, open, until } = await startDesktop(scope)
      const lost = await open()
      await exchange(lost, 'before')
      await until('connected')

      await near.shell(`
      ip address del ${addresses.near}/24 dev line
      ip address add 10.9.0.7/24 dev line
    `)
      await daemon.says(/the network of this machine is another one/)
      // The old connection would be waited for for 5 seconds.
      const works = exchange(await open(), 'after')
      assert.equal(await inTime(works, () => 'it waits for what is dead', 4_000), 'after')
      await until('connected')
    },
  )
})

/** In a page: resolves once its browser knows of no network. */
const untilOffline = `new Promise((resolve) => {
  if (navigator.onLine) addEventListener('offline', resolve, { once: true })
  else resolve()
})`

interface Desktop {
  readonly near: Machine
  readonly daemon: Child
  /** A connection to the local address. */
  open(): Promise<Socket>
  /** Its window, in a browser of the same machine. */
  window(): Promise<Chromium>
  /** Resolves once the connection is in this state. */
  until(state: ConnectionState): Promise<ConnectionView>
}

/** The daemon on one machine and the gateway, with a service, on the other. */
async function startDesktop(scope: Scope): Promise<Desktop> {
  const hosts = `${addresses.far} ${gatewayHost}`
  const [{ near, far }, rig] = await Promise.all([
    layLine(scope, { delayMs: 1, hosts }),
    startRig(scope, [
      {
        ...route('echo.site.com:7', servicePort),
        policy: undefined,
        allow_public_unauthenticated_access: true,
      },
    ]),
  ])
  await rig.stop()
  await rig.configure((file) => ({
    ...file,
    address: `:${gatewayPort}`,
    authenticate_service_url: `https://${gatewayHost}:${gatewayPort}`,
  }))
  const echo = `require('node:net').createServer((socket) => socket.on('error', () => undefined).pipe(socket))
    .listen(${servicePort}, () => console.log('ready'))`
  await far.start(process.execPath, ['-e', echo]).says(/ready/)
  const ofGateway = { HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state'), TMPDIR: rig.home }
  const gateway = posternCommand('gateway', '-c', rig.configPath, '--grace-period', '100ms')
  await far.start(...gateway, { env: ofGateway, cwd: rig.home }).says(/"message":"listening"/)

  const path = join(scope.directory, 'echo.sock')
  const team = join(scope.directory, 'team.yaml')
  await writeFile(team, teamFile(path, rig.caFile))
  const state = join(scope.directory, 'state')
  const env = { HOME: scope.directory, XDG_STATE_HOME: state, XDG_CACHE_HOME: state }
  const daemon = near.start(...posternCommand('up', '--foreground', '-f', team), { env })
  await daemon.says(/listening on/)
  // A socket is found by its path, whatever network its process is in.
  const client = createDaemonClient(join(state, 'postern', 'desktop', 'daemon.sock'))
  return {
    near,
    daemon,
    async open() {
      const socket = connect({ path, allowHalfOpen: true }).on('error', () => undefined)
      scope.defer(() => void socket.destroy())
      await once(socket, 'connect')
      return socket
    },
    async window() {
      const ask = near.command(...posternCommand('desktop', '--print-url'))
      const address = (await mustRun(scope, ...ask, { env })).output.trim()
      const browser = await startChromiumOn(near, scope, rig)
      browser.page.setDefaultTimeout(patienceMs)
      await browser.page.goto(address)
      return browser
    },
    async until(wanted) {
      const over = new AbortController()
      let seen: ConnectionView | undefined
      const find = async (): Promise<ConnectionView> => {
        for await (const event of client.follow(over.signal)) {
          const all =
            event.kind === 'state'
              ? event.state.connections
              : event.kind === 'changed'
                ? event.connections
                : []
          seen = all[0] ?? seen
          if (seen?.state === wanted) return seen
        }
        throw new Error('the daemon has ended')
      }
      const complaint = (): string => `not "${wanted}", but ${JSON.stringify(seen)}`
      return inTime(find(), complaint, patienceMs).finally(() => over.abort())
    },
  }
}

function teamFile(listen: string, caFile: string): string {
  return `connections:
  - name: echo
    destination: echo.site.com:7
    gateway: https://${gatewayHost}:${gatewayPort}
    listen: unix:${listen}
    ca_file: ${caFile}
`
}
