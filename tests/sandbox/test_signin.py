"""The local sign-in: sessions of a browser, tokens, keys."""

import base64
import json
import subprocess
import tempfile
import unittest
import urllib.parse

from sandbox import SITE, Sandbox


def setUpModule():
    global box
    box = Sandbox().up()


def tearDownModule():
    box.down()


def part(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def claims(jwt):
    return json.loads(part(jwt.split('.')[1]))


def signature_good(jwt, pem):
    """Asks openssl, which shares nothing with us."""
    signed, _, signature = jwt.rpartition('.')
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (('key', pem), ('sig', part(signature)),
                           ('text', signed.encode())):
            with open(f'{folder}/{name}', 'wb') as f:
                f.write(data)
        return subprocess.run(
            ['openssl', 'dgst', '-sha256', '-verify', f'{folder}/key',
             '-signature', f'{folder}/sig', f'{folder}/text'],
            capture_output=True, check=False).returncode == 0


class Tokens(unittest.TestCase):
    def test_a_token_is_signed_and_says_who(self):
        user = box.control('POST', 'user', email='t@example.com').json
        jwt = box.control('POST', 'token', email='t@example.com',
                          ttl_s=43200).json['jwt']
        pem = box.control('GET', 'clerk/public.pem').body
        self.assertTrue(signature_good(jwt, pem))
        said = claims(jwt)
        self.assertEqual(said['sub'], user['id'])
        self.assertEqual(said['iss'], box.url)
        self.assertEqual(said['azp'], SITE)
        self.assertEqual(said['exp'] - said['iat'], 43200)
        self.assertEqual(said['sts'], 'active')
        self.assertEqual(said['v'], 2)
        self.assertRegex(said['sid'], '^sess_')

    def test_an_address_is_of_one_user_at_a_time(self):
        def user(**form):
            return box.control('POST', 'user', **form)

        first = user(email='one@example.com').json['id']
        self.assertEqual(user(
            email='one@example.com', new_email='two@example.com').json['id'],
            first)
        second = user(email='one@example.com').json['id']
        self.assertNotEqual(second, first)
        for email in ('one@example.com', 'nobody@example.com'):
            answer = user(email=email, new_email='two@example.com')
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.error['param'], 'new_email')
        box.control('POST', 'user/delete', email='one@example.com')
        self.assertNotIn(
            user(email='one@example.com').json['id'], (first, second))

    def test_the_key_set_names_the_key(self):
        box.control('POST', 'user', email='k@example.com')
        jwt = box.control('POST', 'token', email='k@example.com').json['jwt']
        header = json.loads(part(jwt.split('.')[0]))
        keys = box.raw('GET', '/.well-known/jwks.json').json['keys']
        self.assertEqual(header['alg'], 'RS256')
        self.assertEqual([k['kid'] for k in keys], [header['kid']])
        self.assertEqual(keys[0]['kty'], 'RSA')

    def test_the_key_survives_reset_and_restart(self):
        before = box.control('GET', 'clerk/public.pem').body
        box.control('POST', 'reset')
        box.stop_program()
        box.start_program()
        self.assertTrue(any(box._answers() for _ in range(200)))
        self.assertEqual(box.control('GET', 'clerk/public.pem').body, before)

    def test_nobody_gets_no_token(self):
        answer = box.control('POST', 'token', email='nobody@example.com')
        self.assertEqual(answer.status, 400)


class Browser(unittest.TestCase):
    def call(self, method, path, form=None, cookie=None, origin=SITE):
        headers = {'Content-Type': 'application/x-www-form-urlencoded',
                   'Origin': origin}
        if cookie:
            headers['Cookie'] = cookie
        return box.raw(method, path, urllib.parse.urlencode(form or {}),
                       headers)

    def sign_in(self, email):
        answer = self.call('POST', '/v1/client/sign_ins', {'email': email})
        self.assertEqual(answer.status, 200, answer)
        cookie = answer.headers['Set-Cookie']
        self.assertIn('HttpOnly', cookie)
        self.assertIn(f'__client_{box.port}=', cookie)
        return cookie.split(';')[0], answer

    def test_signing_in_makes_a_session_with_tokens(self):
        cookie, answer = self.sign_in('new@example.com')
        self.assertEqual(
            answer.headers['Access-Control-Allow-Origin'], SITE)
        self.assertEqual(
            answer.headers['Access-Control-Allow-Credentials'], 'true')
        client = self.call('GET', '/v1/client', cookie=cookie).json
        session = client['response']['sessions'][0]
        self.assertEqual(
            client['response']['last_active_session_id'], session['id'])
        self.assertEqual(
            session['user']['email_addresses'][0]['email_address'],
            'new@example.com')
        jwt = self.call(
            'POST', f"/v1/client/sessions/{session['id']}/tokens",
            cookie=cookie).json['jwt']
        said = claims(jwt)
        self.assertEqual(said['sid'], session['id'])
        self.assertEqual(said['exp'] - said['iat'], 60)
        self.assertEqual(said['azp'], SITE)

    def test_nobody_is_signed_in_without_a_cookie(self):
        answer = self.call('GET', '/v1/client')
        self.assertEqual(answer.status, 200)
        self.assertIsNone(answer.json['response'])

    def test_a_removed_session_gives_no_token(self):
        cookie, answer = self.sign_in('gone@example.com')
        session = answer.json['response']['sessions'][0]['id']
        other, _ = self.sign_in('other@example.com')
        path = f'/v1/client/sessions/{session}'
        self.assertEqual(
            self.call('POST', f'{path}/tokens', cookie=other).status, 401)
        self.assertEqual(
            self.call('POST', f'{path}/remove', cookie=cookie).status, 200)
        refused = self.call('POST', f'{path}/tokens', cookie=cookie)
        self.assertEqual(refused.status, 401)
        self.assertTrue(refused.json['errors'][0]['message'])
        client = self.call('GET', '/v1/client', cookie=cookie).json
        self.assertEqual(client['response']['sessions'], [])

    def test_other_pages_may_not_sign_anybody_in(self):
        answer = self.call('POST', '/v1/client/sign_ins',
                           {'email': 'x@example.com'},
                           origin='http://evil.example')
        self.assertEqual(answer.status, 403)

    def test_addresses_are_checked(self):
        for email in ('', 'x', '@x', 'x@', 'a b@c', 'a@b\r\nX: y'):
            answer = self.call(
                'POST', '/v1/client/sign_ins', {'email': email})
            self.assertGreaterEqual(answer.status, 400, email)
            self.assertTrue(answer.json['errors'][0]['message'])


if __name__ == '__main__':
    unittest.main()
