import { useMayChange, useMe } from '../me.ts'
import type { DocumentRow } from './row-cells.tsx'

type Kept = Pick<DocumentRow, 'source' | 'namespace'>

/** Whether whoever looks may change a row: nobody changes here what is in the file. */
export function useMayChangeRow(): (row: Kept) => boolean {
  const mayChange = useMayChange()
  return ({ source, namespace }) => source.kind === 'store' && mayChange(namespace)
}

/** Whether whoever looks may add something somewhere: everywhere, or in a namespace of theirs. */
export function useMayAdd(): boolean {
  const { role, namespaces } = useMe()
  return (role === 'admin' && namespaces === null) || (namespaces ?? []).length > 0
}
