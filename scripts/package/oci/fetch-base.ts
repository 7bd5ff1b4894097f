import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../linux/run-tool.ts'
import { type Base, basePackages, type ImageArchitecture } from './base.ts'

/**
 * Brings what an image needs from Debian, for a processor that may be another: from the places that this machine's apt is
 * set up for, whose signatures it checks. Nothing that apt keeps on this machine changes.
 *
 * The versions are today's, with Debian's security updates, and the image says which: images that are made before
 * and after an update differ.
 *
 * @throws Error when there is no `apt-get` or `dpkg-deb`.
 */
export function fetchBase(directory: string, architecture: ImageArchitecture): Base {
  const root = join(directory, 'root')
  const archives = join(directory, 'archives')
  for (const path of [root, archives, join(directory, 'lists', 'partial')])
    mkdirSync(path, { recursive: true })
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State::Lists=${join(directory, 'lists')}`,
    'Dir::State::status=/dev/null',
    `Dir::Cache=${directory}`,
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'APT::Sandbox::User=root',
    // Else one that cannot be reached, such as that of the security updates, is passed over.
    'APT::Update::Error-Mode=any',
    'Acquire::AllowInsecureRepositories=false',
  ].flatMap((option) => ['-o', option])
  runTool('apt-get', [...options, '--quiet', 'update'])
  runTool('apt-get', [...options, '--quiet', 'download', ...basePackages], { cwd: archives })
  const packages = basePackages.map((name) => {
    const file = readdirSync(archives).find((file) => file.startsWith(`${name}_`))
    if (file === undefined) throw new Error(`apt-get has not brought "${name}"`)
    runTool('dpkg-deb', ['--extract', file, root], { cwd: archives })
    return [name, `${runTool('dpkg-deb', ['--field', file], { cwd: archives }).trim()}\n`]
  })
  return { root, packages: Object.fromEntries(packages) as Base['packages'] }
}
