import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { SystemError, messageOf } from '../../errors.ts'

/** `LoadCredential=` came with it: older ones leave the line out, and the connector without its token. */
const oldestVersion = 247

/** `--print` needs none. */
const withoutHint =
  '"--print" shows the unit; other systems start "postern tunnel run --token-file FILE"'

/**
 * Checks that systemd runs here (sd_booted(3)), and knows what the unit says.
 *
 * @throws SystemError `service-unsupported`
 */
export async function requireSystemd(): Promise<void> {
  if (!existsSync('/run/systemd/system')) {
    throw unsupported('there is no systemd here, or it does not run')
  }
  const version = Number(/^systemd (\d+)/.exec(await output('--version'))?.[1])
  if (version >= oldestVersion) return
  throw unsupported(`this is systemd ${version}: it is needed from version ${oldestVersion} on`)
}

/** Which file a unit is read from; undefined where there is no such unit. */
export async function fileOfUnit(name: string): Promise<string | undefined> {
  const shown = await output('show', '--property=FragmentPath', '--value', '--', `${name}.service`)
  return shown.trim() || undefined
}

/**
 * Runs `systemctl` to its end; what it complains of goes to stderr.
 *
 * @throws SystemError `service-unsupported` or `service-failed`
 */
export async function systemctl(...args: readonly string[]): Promise<void> {
  await output(...args)
}

async function output(...args: readonly string[]): Promise<string> {
  const child = spawn('systemctl', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close').catch((cause: unknown) => {
    throw unsupported(`there is no systemd here: ${messageOf(cause)}`)
  })
  const [[code], said] = (await Promise.all([ended, text(child.stdout)])) as [[number], string]
  if (code === 0) return said
  throw new SystemError('service-failed', `"systemctl ${args.join(' ')}" ended with ${code}`)
}

function unsupported(message: string): SystemError {
  return new SystemError('service-unsupported', message, { hint: withoutHint })
}
