import { ask, type Row } from '../../desktop/api/rows.ts'
import type { Daemon } from '../../desktop/running/daemon-types.ts'

/** Brings up what is marked "start at launch". */
export async function upAtLaunch(daemon: Pick<Daemon, 'all' | 'up'>): Promise<void> {
  const atLaunch = daemon.all().filter(({ saved }) => saved.start_at_launch)
  await daemon.up(atLaunch.map(({ saved }) => saved.id))
}

/**
 * The call of a daemon that starts with the session and finds this one, which has tunnels perhaps and is not ended for
 * it: this one takes its place. `stay` keeps it from ending by itself.
 */
export function launchRow(daemon: Pick<Daemon, 'all' | 'up'>, stay: () => void): Row {
  return ask('POST /launch', async () => {
    stay()
    await upAtLaunch(daemon)
    return { pid: process.pid }
  })
}
