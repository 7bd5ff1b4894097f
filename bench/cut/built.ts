// Loaded before whatever starts programs: has them started from the build where there is one, as anybody runs them.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const built = join(import.meta.dirname, '..', '..', 'dist', 'postern.js')
if (existsSync(built)) process.env['POSTERN_BUILT'] ??= built
