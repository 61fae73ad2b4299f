import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {cacheScheme, parseInfo, quoted, schemeNames, schemeProblem, tagOfNotification} from '../source/cache-schemes.ts';
import {hostileText, seeded} from './support/hostile.ts';

const keyOf = (scheme: string, prefix: string, member: string) => cacheScheme(scheme, prefix).around.join(member);

describe('schemes', () => {
	const cases: readonly (readonly [scheme: string, prefix: string, pattern: string, tagKey: string, key: string, kind: string])[] = [
		['set', '', 'tag:*', 'tag:menu', 'page:1', 'set'],
		['set', 'shop:', 'shop:tag:*', 'shop:tag:menu', 'page:1', 'set'],
		['laravel', 'laravel_cache_', 'laravel_cache_tag:*:entries', 'laravel_cache_tag:menu:entries', 'laravel_cache_page:1', 'zset'],
		['symfony', 'app:', 'app:\x01tags\x01*', 'app:\x01tags\x01menu', 'page:1', 'set'],
		['redis-tag-cache', 'my:', 'my:tags:*', 'my:tags:menu', 'my:data:page:1', 'set'],
		['tags/{tag}', 'ignored', 'tags/*', 'tags/menu', 'page:1', 'set'],
		['{prefix}t/{tag}/m={prefix}d/{key}', 'x:', 'x:t/*/m', 'x:t/menu/m', 'x:d/page:1', 'set'],
		['{shop}:tag:{tag}={shop}:{key}:v', '', '{shop}:tag:*', '{shop}:tag:menu', '{shop}:page:1:v', 'set'],
		['set', '$& $1{prefix}', '$& $1{prefix}tag:*', '$& $1{prefix}tag:menu', 'page:1', 'set'],
	];
	for (const [name, prefix, pattern, tagKey, key, kind] of cases)
		test(`${name} with prefix ${JSON.stringify(prefix)}`, () => {
			const scheme = cacheScheme(name, prefix);
			assert.deepEqual(
				[scheme.pattern, scheme.keyOfTag('menu'), scheme.tagOf(tagKey), keyOf(name, prefix, 'page:1'), scheme.kind],
				[pattern, tagKey, 'menu', key, kind],
			);
		});

	test('glob characters of the prefix are literal, and a tag may have any name', () => {
		const scheme = cacheScheme('set', 'a*b?[c]^\\:');
		assert.equal(scheme.pattern, 'a\\*b\\?\\[c\\]\\^\\\\:tag:*');
		const random = seeded(7);
		for (let i = 0; i < 500; i++) {
			const tag = hostileText(random);
			for (const name of schemeNames) {
				const made = cacheScheme(name, 'p:');
				assert.equal(made.tagOf(made.keyOfTag(tag)), tag === '' ? undefined : tag);
			}
		}
	});

	test('what only looks like a tag is none', () => {
		const laravel = cacheScheme('laravel', 'c:');
		assert.equal(laravel.tagOf('c:tag:entries'), undefined);
		assert.equal(laravel.tagOf('c:tag::entries'), undefined);
		assert.equal(laravel.tagOf('other:tag:menu:entries'), undefined);
		assert.equal(cacheScheme('set', '').tagOf('tag:'), undefined);
	});

	test("patterns of one's own are checked before anything is asked", () => {
		for (const good of [...schemeNames, '{prefix}tag:{tag}', 't{tag}={key}']) assert.equal(schemeProblem(good), undefined, good);
		for (const bad of ['', 'sets', '{tag}', 'toString', 'tags', 't{tag}{tag}', 't{tag}=data', 't{tag}={key}{key}', '{key}'])
			assert.match(schemeProblem(bad) ?? '', /takes set, laravel/, bad);
	});
});

test('words are shown as redis-cli takes them, and nothing in them speaks to the terminal', () => {
	assert.equal(quoted('tag:menu'), 'tag:menu');
	assert.equal(quoted('tag:🍕'), 'tag:🍕');
	assert.equal(quoted('tag:a b'), '"tag:a b"');
	assert.equal(quoted(''), '""');
	assert.equal(quoted('a"b\\c'), '"a\\"b\\\\c"');
	assert.equal(quoted('\x1b[2J'), '"\\x1b[2J"');
	assert.equal(quoted('a\u009b\u202e'), '"a\\xc2\\x9b\\xe2\\x80\\xae"');
	const random = seeded(11);
	for (let i = 0; i < 500; i++) assert.doesNotMatch(quoted(hostileText(random)), /[\p{Cc}\p{Bidi_Control}]/u);
});

test('INFO is read by its lines, whatever stands in them', () => {
	assert.deepEqual(parseInfo('# Server\r\nredis_version:7.0.15\r\n\r\nexecutable:/a:b\r\nrole:master\r\nnothing\r\n:x\r\n'), {
		redis_version: '7.0.15',
		executable: '/a:b',
		role: 'master',
	});
	assert.deepEqual(parseInfo(''), {});
});

describe('notifications', () => {
	const rules = {menu_items: 'tenant:{tenant}', orders: 'orders', carts: '{table}:{tenant}:{id}'};
	const made = (payload: unknown, given: Readonly<Record<string, string>> = rules) =>
		tagOfNotification(typeof payload === 'string' ? payload : JSON.stringify(payload), given);

	test('a rule is filled by the payload', () => {
		assert.deepEqual(made({table: 'menu_items', tenant: 3}), {tag: 'tenant:3'});
		assert.deepEqual(made({table: 'orders'}), {tag: 'orders'});
		assert.deepEqual(made({table: 'carts', tenant: 't', id: 0}), {tag: 'carts:t:0'});
		assert.deepEqual(made({table: 'others', tenant: 1}, {...rules, '*': 'all:{tenant}'}), {tag: 'all:1'});
	});

	test('what it holds stays a text: no pattern, no second filling', () => {
		for (const tenant of ['*', '?', '[a-z]', '\\', '{table}', '$&', '$1', '../x', '\x1b[2J', 'a b', '🍕', '\n*'])
			assert.deepEqual(made({table: 'menu_items', tenant}), {tag: `tenant:${tenant}`});
		const scheme = cacheScheme('set', '');
		assert.equal(scheme.keyOfTag('tenant:*'), 'tag:tenant:*');
	});

	const refused: readonly (readonly [string, RegExp])[] = [
		['', /no JSON/],
		['not json', /no JSON/],
		['[]', /no JSON object/],
		['null', /no JSON object/],
		['"menu_items"', /no JSON object/],
		['7', /no JSON object/],
		['{}', /no "table"/],
		['{"table":7}', /no "table"/],
		['{"table":"others"}', /no rule makes a tag of table "others"/],
		['{"table":"constructor"}', /no rule/],
		['{"table":"__proto__"}', /no rule/],
		['{"table":"toString"}', /no rule/],
		['{"__proto__":{"table":"menu_items","tenant":1}}', /no "table"/],
		['{"table":"menu_items"}', /no "tenant"/],
		['{"table":"menu_items","tenant":""}', /no "tenant"/],
		['{"table":"menu_items","tenant":null}', /no "tenant"/],
		['{"table":"menu_items","tenant":["*"]}', /no "tenant"/],
		['{"table":"menu_items","tenant":{"toString":"x"}}', /no "tenant"/],
		['{"table":"menu_items","tenant":1e400}', /no "tenant"/],
	];
	for (const [payload, problem] of refused)
		test(`refused: ${payload || 'nothing'}`, () => {
			const answer = made(payload);
			assert.ok('problem' in answer);
			assert.match(answer.problem, problem);
		});

	test('hostile payloads come to a tag or a sentence, never to an error', () => {
		const random = seeded(13);
		for (let i = 0; i < 1000; i++) {
			const text = hostileText(random);
			assert.ok('problem' in made(text) || 'tag' in made(text));
			assert.deepEqual(made({table: 'menu_items', tenant: text}), text === '' ? made({table: 'menu_items'}) : {tag: `tenant:${text}`});
		}
	});
});
