import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { NetworkInterfaceInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { spawnProgram } from '../../program.fixture.ts'
import { networkPrint, printOf, type Interfaces } from './network-print.ts'
import { lookIntervalMs, shortestSleepMs, watchWake } from './wake.ts'

function watch() {
  const clock = createFakeClock()
  const told: string[] = []
  // Both follow the fake clock, and a test sets them on their own.
  const set = { wallMs: 0, steadyMs: 0, network: 'home' }
  const watching = watchWake({
    clock: { ...clock, now: () => clock.now() + set.wallMs },
    monotonicMs: () => clock.now() + set.steadyMs,
    network: () => set.network,
    onWake: (sleptMs) => told.push(`slept ${sleptMs}`),
    onNetwork: () => told.push('network'),
  })
  return { clock, told, set, watching }
}

test('a sleep is told once, within one look, and as long as it was', () => {
  const { clock, told, set } = watch()
  clock.advance(60_000)
  assert.deepEqual(told, [])
  // The wall clock goes on while timers and the monotonic clock stand still.
  set.wallMs += 3_600_000
  clock.advance(lookIntervalMs)
  assert.deepEqual(told, ['slept 3600000'])
  clock.advance(60_000)
  assert.equal(told.length, 1)
})

test('so is a stop of this process alone, even while the wall clock is set back', () => {
  const { clock, told, set } = watch()
  set.steadyMs += 120_000
  set.wallMs -= 3_600_000
  clock.advance(lookIntervalMs)
  assert.deepEqual(told, ['slept 120000'])
})

test('a busy machine, or a clock that is set by little or set back, is no sleep', () => {
  const { clock, told, set } = watch()
  set.wallMs += shortestSleepMs - 1
  set.steadyMs += shortestSleepMs - 1
  clock.advance(lookIntervalMs)
  set.wallMs -= 86_400_000
  clock.advance(lookIntervalMs)
  assert.deepEqual(told, [])
})

test('another network is told once, and as a part of a wake not at all', () => {
  const { clock, told, set } = watch()
  set.network = 'café'
  clock.advance(lookIntervalMs)
  assert.deepEqual(told, ['network'])
  set.network = 'office'
  set.wallMs += 60_000
  clock.advance(lookIntervalMs)
  assert.deepEqual(told, ['network', 'slept 60000'])
  clock.advance(60_000)
  assert.equal(told.length, 2)
})

test('nothing is left behind at its end', () => {
  const { clock, told, set, watching } = watch()
  clock.advance(10_000)
  watching[Symbol.dispose]()
  assert.equal(clock.pending, 0)
  set.network = 'café'
  clock.advance(60_000)
  assert.deepEqual(told, [])
})

test('a process that was stopped notices when it goes on', async (t) => {
  const child = spawnProgram(process.execPath, [join(import.meta.dirname, 'wake.fixture.ts')])
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  assert.equal((await lines.next()).value, 'ready')
  child.kill('SIGSTOP')
  // Stopped by the system for so long; nothing tells of that.
  await pause(shortestSleepMs + lookIntervalMs)
  child.kill('SIGCONT')
  const slept = /^slept (\d+)$/.exec(String((await lines.next()).value))
  assert.ok(Number(slept?.[1]) >= shortestSleepMs, String(slept))
  child.stdin.end()
  const [code] = (await once(child, 'exit')) as [number]
  assert.equal(code, 0, 'it keeps no process up')
})

const address = (text: string, internal = false): NetworkInterfaceInfo =>
  ({ address: text, internal }) as NetworkInterfaceInfo

const home: Interfaces = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  wlan0: [address('192.168.1.5'), address('2001:db8:1:2:aaaa:bbbb:cccc:dddd'), address('fe80::1')],
}
const heading =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const routeBy = (name: string, gateway: string): string =>
  `${name}\t00000000\t${gateway}\t0003\t0\t0\t600\t00000000\t0\t0\t0\n`
const routes = heading + routeBy('wlan0', '0101A8C0')

test('what comes and goes by itself is the same network', () => {
  const same: [Interfaces, string][] = [
    // A temporary address, and one of the link.
    [
      {
        ...home,
        wlan0: [...(home['wlan0'] ?? []), address('2001:db8:1:2::9'), address('fe80::2')],
      },
      routes,
    ],
    [{ ...home, wlan0: (home['wlan0'] ?? []).slice(0, 2).toReversed() }, routes],
    [{ ...home, veth12: [address('fe80::3')], docker0: [address('172.17.0.1')] }, routes],
    [{ ...home, bridge100: [address('192.168.64.1')] }, routes],
    [{ ...home, 'vEthernet (WSL (Hyper-V firewall))': [address('172.28.0.1')] }, routes],
    [{ ...home, eth0: [address('169.254.7.7')] }, routes],
    [
      home,
      `${heading}wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n${routeBy('wlan0', '0101A8C0')}`,
    ],
    [home, routes + routeBy('docker0', '010011AC')],
  ]
  for (const [interfaces, table] of same) {
    assert.equal(printOf(interfaces, table), printOf(home, routes))
  }
})

test('another address, another way out, or none is another network', () => {
  const others: [Interfaces, string][] = [
    [{ ...home, wlan0: [address('192.168.1.6')] }, routes],
    [{ ...home, wlan0: [address('192.168.1.5'), address('2001:db8:1:3::1')] }, routes],
    [{ ...home, tun0: [address('10.8.0.2')] }, routes],
    [{ lo: home['lo'] }, heading],
    [home, heading],
    [home, heading + routeBy('wlan0', '0202A8C0')],
    [home, routes + routeBy('tun0', '00000000')],
  ]
  const prints = others.map(([interfaces, table]) => printOf(interfaces, table))
  assert.equal(new Set([...prints, printOf(home, routes)]).size, others.length + 1)
})

test('the network of this machine is the same at each look', () => {
  assert.equal(networkPrint(), networkPrint())
})
