import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { silentLogger } from '../../log.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig } from './daemon.fixture.ts'

test(
  'a sign-in and a sign-out by another program are noticed while nobody looks',
  { timeout: 60_000 },
  async () => {
    await using gateway = await startFakeGateway()
    await using rig = await openDaemonRig()
    const { daemon } = rig
    const id = await rig.add(gateway)
    const until = async (state: string): Promise<void> => {
      const met = Promise.withResolvers<void>()
      const look = (): void => void (daemon.viewOf(id).state === state && met.resolve())
      // Unlike a window it has nothing asked again.
      using _looking = daemon.onChange(look)
      look()
      await met.promise
    }
    await daemon.up([id])
    await until('sign-in-needed')
    const [link] = daemon.links.all()
    assert.ok(link)
    const cache = tokenCacheFor({ ...link.signInOptions, log: silentLogger })
    gateway.tokens.add('a.b.c')
    await cache.write('a.b.c')
    await until('listening')
    await cache.forget('a.b.c')
    await until('sign-in-needed')
  },
)
