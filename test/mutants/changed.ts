import { runProgramSync } from '../../src/program.fixture.ts'
import { root } from './scope.ts'

export interface Changes {
  /** What the working tree was compared with: a commit. */
  readonly base: string
  readonly files: readonly string[]
}

/**
 * What has changed since `base`: without one, since this branch left `origin/main`, and on that itself, or without
 * a remote, in the last commit. Undefined where there is no earlier commit.
 *
 * @throws Error where git cannot compare with the base that was named
 */
export function changesSince(base: string | undefined, folder = root): Changes | undefined {
  const git = gitIn(folder)
  const from = base ?? branchPoint(git) ?? commitOf(git, 'HEAD~1')
  if (from === undefined) return undefined
  const { status, stdout, stderr } = git('diff', '--name-only', '--no-renames', from, '--')
  if (status !== 0) throw new Error(`cannot compare with "${from}": ${stderr.trim()}`)
  return { base: from, files: stdout.split('\n').filter((line) => line !== '') }
}

function branchPoint(git: Git): string | undefined {
  const { status, stdout } = git('merge-base', 'HEAD', 'origin/main')
  const commit = stdout.trim()
  return status === 0 && commit !== commitOf(git, 'HEAD') ? commit : undefined
}

function commitOf(git: Git, name: string): string | undefined {
  const { status, stdout } = git('rev-parse', '--quiet', '--verify', `${name}^{commit}`)
  return status === 0 ? stdout.trim() : undefined
}

type Git = ReturnType<typeof gitIn>

function gitIn(cwd: string) {
  // Of its owner: where git trusts a folder of somebody else, their settings say so.
  const env = { HOME: process.env['HOME'] }
  return (...args: readonly string[]) => runProgramSync('git', args, { cwd, env })
}
