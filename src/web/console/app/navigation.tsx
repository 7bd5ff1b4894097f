import { Button } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { seesAll, useMe } from '../me.ts'
import { views } from './views.ts'

/** Where one can go. On a narrow screen it is folded away behind a button. */
export function Navigation(): ReactNode {
  const [location] = useLocation()
  const [isOpen, setOpen] = useState(false)
  const seesEverything = seesAll(useMe())
  useEffect(() => setOpen(false), [location])
  const shown = views.filter(
    ({ title, isForNamespaces }) =>
      title !== undefined && (seesEverything || isForNamespaces === true),
  )
  const under = views.find(({ path }) => path === location)?.under ?? location
  const current = shown.find(({ path }) => isWithin(under, path))
  return (
    <nav aria-label="Console" className="shell-nav" data-open={isOpen}>
      <Button
        variant="default"
        className="shell-menu"
        aria-expanded={isOpen}
        aria-controls="views"
        onClick={() => setOpen(!isOpen)}
      >
        {current?.title ?? 'Menu'} {isOpen ? '▴' : '▾'}
      </Button>
      <ul id="views">
        {shown.map(({ path, title }) => (
          <li key={path}>
            <Link href={path} aria-current={current?.path === path ? 'page' : undefined}>
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** Whether a place is this view or below it. */
function isWithin(location: string, path: string): boolean {
  return location === path || location.startsWith(`${path}/`)
}
