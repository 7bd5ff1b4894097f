import { spawnSync } from 'node:child_process'

/** Tools that packages are made with, and the package of Debian that each is in. */
const tools = { 'dpkg-deb': 'dpkg', rpmbuild: 'rpm', 'apt-get': 'apt', tar: 'tar' } as const

export interface ToolOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs one to its end, in an environment in which nothing is of whoever runs it.
 *
 * @throws Error with its words when it fails, or when it is not there.
 */
export function runTool(
  tool: keyof typeof tools,
  args: readonly string[],
  { cwd, env }: ToolOptions = {},
): string {
  const { error, status, stdout, stderr } = spawnSync(tool, args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (error !== undefined && 'code' in error && error.code === 'ENOENT')
    throw new Error(`"${tool}" is not installed: it is in Debian's package "${tools[tool]}"`)
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`"${tool}" failed (${status}): ${stderr.trim()}`)
  return stdout
}
