// Writes the licences of what is in the bundle beside it, for the package of npm (`prepack`).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { componentsOf } from './contents.ts'
import { bundleLicenses } from './licenses.ts'

const dist = join(import.meta.dirname, '..', '..', 'dist')

writeFileSync(join(dist, 'THIRD-PARTY-LICENSES'), bundleLicenses(componentsOf(dist)))
