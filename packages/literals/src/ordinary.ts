/** Text as ordinary logs have it, in lower case. Literals are looked for by what is rare in it. */
export const ORDINARY = String.raw`
203.0.113.7 - - [10/Jan/2026:13:06:27 +0000] "GET /api/v1/products/1234?page=2&sort=price&q=search+words%20more HTTP/1.1"
200 5316 "https://www.example.com/search/categories/index.html" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)
AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.61" "Mozilla/5.0 (Macintosh; Intel
Mac OS X 10_15_7) Version/17.1 Mobile/15E148" (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0 (iPhone; CPU
iPhone OS 17_1 like Mac OS X) Android compatible; Googlebot/2.1; +http://www.google.com/bot.html bingbot
facebookexternalhit python-requests okhttp Go-http-client kube-probe curl POST PUT DELETE HEAD OPTIONS /static/assets
/images/css/js/fonts/main.min.css /app.js /favicon.ico /robots.txt /login /account/orders/checkout/cart/users/admin
/wp-login.php /healthz /metrics .png .jpg .svg .woff2 .json .html index.php utm_source=newsletter&utm_medium=email
Jan 10 13:06:27 web-1 sshd[1234]: Accepted publickey for deploy from 198.51.100.4 port 50123 ssh2: RSA SHA256:
Failed password for invalid user admin from 203.0.113.9 port 22 ssh2 Connection closed by authenticating user root
Received disconnect from Disconnected from user [preauth] Invalid user test pam_unix(sshd:session): session opened for
user root(uid=0) by (uid=0) session closed for user authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=
sudo: pam_unix(sudo:session) COMMAND=/usr/bin/systemctl restart nginx PWD=/home/deploy USER=root TTY=pts/0 CRON[123]:
(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1) systemd-logind[512]: New session 1234 of user Removed
2026-01-10T13:06:27.123456Z INFO WARN ERROR DEBUG [main] com.example.service.OrderService - request completed in 123 ms
status=200 duration=12ms level=info msg="connection established" timeout retry failed error exception stack trace at
java.lang.NullPointerException kernel: eth0: link up usb device started stopped container docker network bridge image
{"time":"2026-01-10T13:06:27Z","level":"info","message":"started","host":"web-1","service":"api","remote_addr":"10.0.0.1",
"request_method":"GET","status":200,"body_bytes_sent":512,"request_time":0.012,"http_user_agent":"Mozilla/5.0"}
`.toLowerCase();
