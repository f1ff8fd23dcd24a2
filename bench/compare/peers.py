"""What Stampede is compared with. Settings and why they are so: bench/peers/."""

import shutil
import time

from server import PEERS, RELEASE, START_SECONDS, NotStarted, Server, core_list, free_port, tail

RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server'
NCHAN_MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so'


class Floor(Server):
    """The kernel's price: one send to each member, nothing else. One thread, whatever the cores."""

    name, protocol = 'floor', 'raw'

    def launch(self):
        port = free_port()
        self.run([RELEASE / 'bench/floor/bench_floor', port], port)
        self.ports = (port,)


class WebStomp(Server):
    """RabbitMQ with its Web STOMP plugin. Erlang's name server is ours too, so that it ends with us."""

    name, protocol = 'rabbitmq-web-stomp', 'stomp'

    def launch(self):
        amqp, distribution, epmd, web = (free_port() for _ in range(4))
        common = {'HOME': str(self.folder), 'ERL_EPMD_PORT': str(epmd), 'ERL_EPMD_ADDRESS': '127.0.0.1'}
        self.run(['epmd', '-port', epmd, '-address', '127.0.0.1'], epmd, common)
        config = self.folder / 'rabbitmq.conf'
        config.write_text((PEERS / 'rabbitmq/rabbitmq.conf').read_text()
                          + f'web_stomp.tcp.ip = 127.0.0.1\nweb_stomp.tcp.port = {web}\n')
        # RUNNING_UNDER_SYSTEMD makes the script become the broker; the files that do not exist keep
        # those of /etc/rabbitmq out.
        self.run([RABBITMQ], web, {
            **common, 'RUNNING_UNDER_SYSTEMD': 'true', 'LANG': 'C.UTF-8',
            'RABBITMQ_NODENAME': 'bench@localhost', 'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1',
            'RABBITMQ_NODE_PORT': str(amqp), 'RABBITMQ_DIST_PORT': str(distribution),
            'RABBITMQ_CONFIG_FILE': str(config),
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(PEERS / 'rabbitmq/enabled_plugins'),
            'RABBITMQ_CONF_ENV_FILE': str(self.folder / 'none'),
            'RABBITMQ_ADVANCED_CONFIG_FILE': str(self.folder / 'none.config'),
            'RABBITMQ_MNESIA_BASE': str(self.folder / 'mnesia'),
            'RABBITMQ_LOG_BASE': str(self.folder / 'logs'),
            'RABBITMQ_PID_FILE': str(self.folder / 'pid'),
            # Schedulers that wait busily would be charged for it; RabbitMQ's guide to its runtime has this.
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': '+sbwt none +sbwtdcpu none +sbwtdio none',
            'ERL_AFLAGS': '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}'})
        self.ports = (web,)

    def load_options(self):
        return ['--login', 'guest', '--passcode', 'guest']


class Nchan(Server):
    """nginx with the nchan module, one worker process a core."""

    name, protocol = 'nchan', 'nchan'

    def launch(self):
        port = free_port()
        shutil.copy(PEERS / 'nchan/nginx.conf', self.folder)
        workers = len(core_list(self.cores)) if self.cores else 'auto'
        (self.folder / 'main.conf').write_text(f'load_module {NCHAN_MODULE};\nworker_processes {workers};\n')
        (self.folder / 'listen.conf').write_text(f'listen 127.0.0.1:{port} backlog=4096;\n')
        self.run(['nginx', '-p', self.folder, '-c', 'nginx.conf', '-e', 'stderr'], port)
        self.ports = (port,)
        self.await_workers()

    def await_workers(self):
        """The master listens before its workers, whose CPU time and memory are wanted, are there."""
        deadline = time.monotonic() + START_SECONDS
        while len(self.pids()) < 2:
            if time.monotonic() > deadline:
                raise NotStarted(f'nginx has no worker after {START_SECONDS} s:\n{tail(self.folder / "log")}')
            time.sleep(0.01)


class SocketIo(Server):
    """Socket.IO with its Redis adapter; one process a core, as Node has one thread."""

    name, protocol = 'socketio', 'socketio'

    def launch(self):
        redis = free_port()
        self.run(['redis-server', '--bind', '127.0.0.1', '--port', redis, '--save', '',
                  '--dir', self.folder], redis)
        ports = []
        for _ in range(len(core_list(self.cores)) if self.cores else 1):
            ports.append(free_port())
            self.run(['node', PEERS / 'socketio/server.mjs', ports[-1], f'redis://127.0.0.1:{redis}'],
                     ports[-1], {'NODE_ENV': 'production'})
        self.ports = tuple(ports)
