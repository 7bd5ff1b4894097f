import type { Component } from '../contents.ts'

/**
 * What Debian calls `copyright`: who wrote what is in the package, under which terms.
 *
 * @see https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export function copyrightFile(components: readonly Component[]): string {
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Postern\n',
    [
      'Files: *',
      'Copyright: The authors of Postern',
      'License: Apache-2.0',
      ' On Debian systems, the text of this license is in /usr/share/common-licenses/Apache-2.0.',
      'Comment: Of the runtime within the executable see THIRD-PARTY-LICENSES.gz in this folder.\n',
    ].join('\n'),
    ...components.map(stanza),
  ].join('\n')
}

/** Its files are not beside each other in the package but within the executable: they are named as in the sources. */
function stanza({ name, version, license, text }: Component): string {
  const owners = ownersOf(text)
  return [
    `Files: node_modules/${name}/*`,
    `Copyright: ${(owners.length > 0 ? owners : [`The authors of ${name}`]).join('\n ')}`,
    `License: ${license}`,
    ...continuation(text),
    `Comment: version ${version}`,
    '',
  ].join('\n')
}

/** As the text itself names them: `2025 Somebody`. */
function ownersOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim())
  const owners = lines.flatMap(
    (line) => /^Copyright (?:\(c\) |© )?(\d{4}.*)$/i.exec(line)?.[1] ?? [],
  )
  return [...new Set(owners)]
}

/** Each line begins with a space, and one that is empty has a full stop. */
function continuation(text: string): string[] {
  const lines = text.trim().split(/\r?\n/)
  return lines.map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
}
