import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { messageOf } from '../../src/errors.ts'
import { applyEdits } from '../planting/edit-source.ts'
import { hasTest, readSource, root, type Guard } from './guard.ts'

/** What is wrong with an entry, without running anything: the guard moved, the test is gone, or what is left is no program. */
export function checkGuard(guard: Guard): readonly string[] {
  const { file, test } = guard
  const problems: string[] = []
  if (!existsSync(join(root, 'src', file))) problems.push(`there is no "src/${file}"`)
  else {
    try {
      transformSync(applyEdits(readSource(file), guard), { loader: 'ts', logLevel: 'silent' })
    } catch (error) {
      problems.push(`the guard moved: look again (${messageOf(error)})`)
    }
  }
  if (!existsSync(join(root, test.file))) problems.push(`there is no "${test.file}"`)
  else if (!hasTest(test)) problems.push(`"${test.file}" has no test "${test.title}"`)
  return problems
}
