import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { spawnProgram } from '../../program.fixture.ts'

/** A session bus of a test's own. */
export interface SessionBus {
  readonly path: string
  /** As programs of the desktop are told. */
  readonly address: string
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Starts another one at the same place. */
  again(): Promise<void>
}

/**
 * Starts a real `dbus-daemon`, which ends with the test. Undefined, and the test skipped, where there is none; with
 * `CI=true` the test fails.
 */
export async function startSessionBus(t: TestContext): Promise<SessionBus | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bus-'))
  const path = join(folder, 'bus')
  const address = `unix:path=${path}`
  const args = ['--session', '--nofork', '--nopidfile', '--print-address', `--address=${address}`]
  const start = async () => {
    const child = spawnProgram('dbus-daemon', args, { env: { XDG_RUNTIME_DIR: folder } })
    await Promise.race([
      // Its address on stdout says that it listens.
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error('dbus-daemon ended'))),
    ])
    return child
  }
  let child: Awaited<ReturnType<typeof start>>
  try {
    child = await start()
  } catch (error) {
    await rm(folder, { recursive: true })
    if (process.env['CI'] === 'true') throw error
    t.skip('dbus-daemon is not installed')
    return undefined
  }
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  t.after(async () => {
    await kill()
    await rm(folder, { recursive: true })
  })
  return {
    path,
    address,
    kill,
    async again() {
      await rm(path, { force: true })
      child = await start()
    },
  }
}
