import { Button, NativeSelect, Text, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import type { PolicyRow } from '../../../console/wire/policies.ts'
import { pathOf, policyKind } from '../documents/document-kind.ts'
import { useField } from '../documents/document-form.ts'
import { usePages } from '../pages.ts'
import '../documents/documents.css'
import './routes.css'
import { PageLink } from '../documents/page-link.tsx'

/** The named policies of a route: whoever one of them lets in may use it. */
export function PolicyNamesField(): ReactNode {
  const { value, error, isReadOnly, set } = useField('policy_names')
  const { rows } = usePages<PolicyRow>('policies', '/policies', { limit: 500 })
  const chosen = Array.isArray(value) ? value.map(String) : []
  const put = (names: readonly string[]): void => set(names.length === 0 ? undefined : names)
  const others = rows.filter(({ id }) => !chosen.includes(id)).map(({ id }) => id)
  return (
    <div role="group" aria-label="Named policies">
      <Text fw={600} size="sm">
        Named policies
      </Text>
      <Text size="sm" c="dimmed">
        Whoever one of them lets in may use the route; a deny of any keeps out.
      </Text>
      {chosen.length === 0 && <Text size="sm">None.</Text>}
      <ul className="chosen">
        {chosen.map((name) => (
          <li key={name}>
            <PageLink to={pathOf(policyKind, name)}>{name}</PageLink>
            {!isReadOnly && (
              <Button
                variant="subtle"
                size="compact-xs"
                onClick={() => put(chosen.filter((one) => one !== name))}
              >
                Remove<VisuallyHidden>&nbsp;the policy {name}</VisuallyHidden>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {!isReadOnly && others.length > 0 && (
        <NativeSelect
          aria-label="Add a named policy"
          value=""
          data={[{ value: '', label: 'Add a named policy …' }, ...others]}
          onChange={({ currentTarget: { value: name } }) => {
            if (name !== '') put([...chosen, name])
          }}
        />
      )}
      {error !== undefined && (
        <Text size="sm" className="fault" role="status">
          {error}
        </Text>
      )}
    </div>
  )
}
