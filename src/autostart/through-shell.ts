/** A command whose program has a path that some format cannot name, run by a shell, which keeps no process of its own. */
export function throughShell(command: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', 'exec "$0" "$@"', ...command]
}
