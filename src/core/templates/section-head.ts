/** Templates that begin a section: the section is the service's own, under the name that others refer to. */
import type { PlainDefinition } from './data.ts';
import { fragmentText } from './fragment.ts';
import type { TemplateName } from '../model/template-names.ts';
import type { Line } from '../guard/words.ts';

type Named = Pick<PlainDefinition, 'backend' | 'mode'>;

/** How a template of this name must begin; undefined where it begins no section. */
export function headOf(name: TemplateName, { backend }: Named): string | undefined {
  switch (name) {
    case 'USERLIST_HEAD':
      return `userlist user_${backend}`;
    case 'FRONTEND_HEAD':
      return `frontend ${backend}`;
    case 'BACKEND_HEAD':
      return `backend ${backend}`;
    default:
      return undefined;
  }
}

/** The text as it stands in the file, with the section's first line where the template begins one. */
export function withHead(name: TemplateName, lines: readonly Line[], definition: Named): string {
  const text = fragmentText(lines);
  const head = headOf(name, definition);
  if (head === undefined) return text;
  if (name !== 'FRONTEND_HEAD') return `\n${head}\n${text}`;
  // HAProxy 3.3 gives a name to one proxy alone. The option is one of HTTP, and set for all in the defaults.
  const named = `\n.if version_atleast(3.3)\n${head}_in\n.else\n${head}\n.endif\n`;
  return `${named}${text}${definition.mode === 'tcp' ? '  no option idle-close-on-response\n' : ''}`;
}
