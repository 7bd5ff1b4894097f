import { packageVersion } from '../linux/version.ts'
import type { Component } from '../contents.ts'
import type { PackageFile } from '../linux/package-file.ts'
import { readScript } from '../linux/scripts.ts'

export interface SpecOptions {
  /** As package.json has it. */
  readonly version: string
  readonly components: readonly Component[]
  /** The folder that has the files. */
  readonly stage: string
  readonly files: readonly PackageFile[]
}

/**
 * What `rpmbuild` makes a package from. The files are there already and stay as they are: RPM would strip the executable
 * of its program.
 *
 * @see https://rpm-software-management.github.io/rpm/manual/spec.html
 */
export function specOf({ version, components, stage, files }: SpecOptions): string {
  const licenses = new Set(['Apache-2.0', ...components.map(({ license }) => license).sort()])
  return [
    '%global debug_package %{nil}',
    '%global __os_install_post %{nil}',
    '%global _build_id_links none',
    'Name: postern',
    `Version: ${packageVersion(version)}`,
    'Release: 1',
    'Summary: Identity-aware access to TCP services through one HTTPS port',
    `License: ${[...licenses].join(' AND ')}`,
    // Whichever makes the user is installed first, where both are installed at once.
    'OrderWithRequires: systemd',
    'OrderWithRequires: shadow-utils',
    '%description',
    'People reach SSH, databases, Remote Desktop and other TCP services through one HTTPS port, with the sign-in',
    'of their company and a policy for each service. This package has the client, the connector and the gateway in',
    'one program, and a systemd unit of the gateway, which runs only when it has been configured.',
    '%install',
    `cp -a '${stage}/.' %{buildroot}/`,
    ...['post', 'preun', 'postun'].flatMap((name) => [`%${name}`, script(name)]),
    '%files',
    '%dir /etc/postern',
    ...files.map(row),
    '',
  ].join('\n')
}

function row({ path, mode = 0o644, isConfiguration }: PackageFile): string {
  const kind = isConfiguration === true ? '%config(noreplace) ' : kindOf(path)
  return `${kind}%attr(0${mode.toString(8)}, root, root) ${path}`
}

function kindOf(path: string): string {
  return path.startsWith('/usr/share/licenses/') ? '%license ' : ''
}

/** `%` begins a macro. */
function script(name: string): string {
  return readScript(`rpm/${name}.sh`).replaceAll('%', '%%')
}
